use crate::setting::Setting;
crate::cases![exit_code];
async fn exit_code(setting: Setting) {
    println!(
        "{} {:?}",
        setting.sandbox.describe(),
        setting.sandbox.warnings()
    );
    let (exit, log) = setting.sh("echo hello; id; mount | wc -l; exit 3").await;
    println!("{exit:?} {log}");
    assert_eq!(exit.code, 3);
}

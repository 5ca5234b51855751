//! The copy of the WIT that comes with the crate is the frozen one, where that lies beside it.

use std::path::Path;

#[test]
fn the_copy_is_the_frozen_text() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let frozen = here.join("../wit/0.1.0");
    if !frozen.is_dir() {
        return;
    }
    let names = |folder: &Path| {
        let mut names: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        names.sort();
        names
    };
    let copy = here.join("wit");
    assert_eq!(names(&copy), names(&frozen));
    for name in names(&copy) {
        let text = |folder: &Path| std::fs::read_to_string(folder.join(&name)).unwrap();
        assert_eq!(text(&copy), text(&frozen), "{}", name.display());
    }
}

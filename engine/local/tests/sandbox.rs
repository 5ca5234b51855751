fn main() {
    tiphys_local::sandbox::spawner_main();
}

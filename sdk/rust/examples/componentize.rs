//! A core module, as cargo builds it for wasm32-unknown-unknown, into a component: `componentize <module.wasm> <component.wasm>`.

use wit_component::ComponentEncoder;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(from), Some(to)) = (arguments.next(), arguments.next()) else {
        return Err("two paths are wanted: the core module and the component".into());
    };
    std::fs::write(&to, component(&std::fs::read(&from)?)?)?;
    Ok(())
}

fn component(module: &[u8]) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    Ok(ComponentEncoder::default()
        .module(module)?
        .validate(true)
        .encode()?)
}

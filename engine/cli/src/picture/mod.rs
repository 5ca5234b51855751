//! A plan as a picture: which calls a template makes, in what order, and what is inside each. Pure.

mod dot;
mod draw;
mod layered;
mod mermaid;
mod model;
mod svg;
mod tree;

pub use dot::dot;
pub use mermaid::mermaid;
pub use model::Picture;
pub use svg::svg;
pub use tree::tree;

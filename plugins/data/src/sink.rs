//! Where the last `data` goes: the result, or an artifact, piece by piece.

use tiphys_expr::Value;
use tiphys_plugin::artifacts::{self, Writer};
use tiphys_plugin::{Done, Failure, Outcome};

pub(crate) struct Sink {
    text: String,
    artifact: Option<(String, Writer)>,
    items: usize,
}

/// Bytes that are gathered before they are written to an artifact.
const GATHERED: usize = 256 << 10;

impl Sink {
    pub(crate) fn open(save_as: Option<&str>) -> Result<Sink, Failure> {
        let artifact = match save_as {
            None => None,
            Some(name) => Some((name.to_owned(), artifacts::create(name)?)),
        };
        Ok(Sink {
            text: String::new(),
            artifact,
            items: 0,
        })
    }

    /// The next items of a list.
    pub(crate) fn items(&mut self, items: &[Value]) -> Result<(), Failure> {
        for item in items {
            self.text.push(if self.items == 0 { '[' } else { ',' });
            self.text.push_str(&json(item)?);
            self.items += 1;
            if self.text.len() > GATHERED {
                self.flush()?;
            }
        }
        Ok(())
    }

    pub(crate) fn end_of_items(mut self) -> Result<Done, Failure> {
        self.text.push_str(if self.items == 0 { "[]" } else { "]" });
        self.end()
    }

    pub(crate) fn value(mut self, value: &Value) -> Result<Done, Failure> {
        self.text = json(value)?;
        self.end()
    }

    fn flush(&mut self) -> Result<(), Failure> {
        if let Some((_, writer)) = &mut self.artifact {
            writer.write(self.text.as_bytes())?;
            self.text.clear();
        }
        Ok(())
    }

    fn end(mut self) -> Result<Done, Failure> {
        self.flush()?;
        Ok(match self.artifact {
            Some((name, writer)) => Outcome::done().artifact(name, writer.finish()?),
            None => Outcome::done().result(self.text),
        })
    }
}

fn json(value: &Value) -> Result<String, Failure> {
    value
        .json_text()
        .map_err(|error| Failure::new(format!("the last step's value: {error}")))
}

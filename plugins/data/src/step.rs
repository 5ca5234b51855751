//! One step of the transformation.

use tiphys_expr::{Program, Value};
use tiphys_plugin::Failure;
use tiphys_plugin_query::expression::{Names, evaluate};
use tiphys_plugin_query::jq::Filter;

use crate::body;
use crate::shape::{self, Shape};

/// One step, read.
#[derive(Debug)]
pub(crate) struct Step {
    number: usize,
    how: How,
}

#[derive(Debug)]
enum How {
    Expression(Box<Program>, Shape),
    Jq(Filter),
}

impl Step {
    pub(crate) fn read(number: usize, step: &body::Step) -> Result<Step, Failure> {
        let fail = |reason: String| Failure::new(format!("transformation {number}: {reason}"));
        let expression = step.expression.as_deref().filter(|text| !text.is_empty());
        let how = match (expression, step.jq.as_deref()) {
            (Some(source), None) => {
                let program = Program::parse(source).map_err(|error| fail(error.to_string()))?;
                let shape = shape::of(&program);
                How::Expression(Box::new(program), shape)
            }
            (None, Some(source)) => How::Jq(Filter::parse(source).map_err(fail)?),
            _ => {
                return Err(fail(
                    "exactly one of expression and jq is wanted".to_owned(),
                ));
            }
        };
        Ok(Step { number, how })
    }

    pub(crate) fn shape(&self) -> Shape {
        match &self.how {
            How::Expression(_, shape) => *shape,
            How::Jq(_) => Shape::Whole,
        }
    }

    /// The next `data`.
    pub(crate) fn apply(&self, data: Value) -> Result<Value, Failure> {
        let fail = |reason: String| {
            Failure::new(format!("transformation {}: {reason}", self.number)).retryable()
        };
        match &self.how {
            How::Expression(program, _) => {
                evaluate(program, &Names::default().with("data", data)).map_err(fail)
            }
            How::Jq(filter) => {
                let json = data.to_json().map_err(|error| fail(error.to_string()))?;
                let mut found = filter.values(&json).map_err(fail)?;
                Ok(match found.len() {
                    1 => Value::from(&found.remove(0)),
                    _ => Value::list(found.iter().map(Value::from).collect()),
                })
            }
        }
    }
}

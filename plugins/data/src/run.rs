//! From the source through the steps to the sink.

use std::iter;

use tiphys_expr::Value;
use tiphys_plugin::artifacts::List;
use tiphys_plugin::{Done, Failure, Outcome, Request, log};

use crate::body::Body;
use crate::shape::Shape;
use crate::sink::Sink;
use crate::source::{self, Start};
use crate::step::Step;

pub(crate) fn execute(request: &Request) -> Result<Outcome, Failure> {
    let body: Body = request.body()?;
    let steps = iter::zip(1.., &body.transformation)
        .map(|(number, step)| Step::read(number, step))
        .collect::<Result<Vec<_>, _>>()?;
    let sink = Sink::open(body.save_as.as_deref())?;
    let done = match source::open(&body.source)? {
        Start::Value(value) => whole(&steps, value, sink),
        Start::Keys(keys) => pieces(&steps, keys, sink),
    };
    done.map(Outcome::from)
}

fn whole(steps: &[Step], value: Value, sink: Sink) -> Result<Done, Failure> {
    let value = steps
        .iter()
        .try_fold(value, |data, step| step.apply(data))?;
    match &value {
        Value::List(items) => {
            let mut sink = sink;
            sink.items(items)?;
            sink.end_of_items()
        }
        value => sink.value(value),
    }
}

/// Page after page through the steps that allow it, then all that is left through the others.
fn pieces(steps: &[Step], mut keys: List, mut sink: Sink) -> Result<Done, Failure> {
    let count = steps
        .iter()
        .take_while(|step| step.shape() == Shape::Pieces)
        .count();
    let (piecewise, others) = steps.split_at(count);
    let counting = others.first().filter(|step| step.shape() == Shape::Counts);
    let mut all = Vec::new();
    let (mut total, mut sum) = (0, 0);
    loop {
        let piece = source::piece(&mut keys)?;
        if piece.is_empty() {
            break;
        }
        total += piece.len();
        let piece = piecewise
            .iter()
            .try_fold(Value::list(piece), |data, step| step.apply(data))?;
        match (counting, piece) {
            (Some(step), piece) => sum += number(&step.apply(piece)?)?,
            (None, Value::List(items)) if others.is_empty() => sink.items(&items)?,
            (None, Value::List(items)) => all.extend(items.iter().cloned()),
            (None, _) => return Err(Failure::new("a filter or map has given no list")),
        }
    }
    log::info(&format!("{total} keys"));
    match (counting, others) {
        (Some(_), [_, rest @ ..]) => whole(rest, Value::Int(sum), sink),
        (_, []) => sink.end_of_items(),
        (_, others) => whole(others, Value::list(all), sink),
    }
}

fn number(value: &Value) -> Result<i64, Failure> {
    match value {
        Value::Int(number) => Ok(*number),
        _ => Err(Failure::new("a count has given no number")),
    }
}

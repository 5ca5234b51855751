//! One call: one exchange, and what follows from it.

use tiphys_plugin::{Done, Failure, Outcome, Request, artifacts};

use crate::answer::Answer;
use crate::call::{self, Started, Target};
use crate::plan::Plan;
use crate::retry::{self, Trouble};
use crate::state::State;

/// Most of a failed response's body that is kept as a result.
const FAILED: usize = 256 << 10;

pub(crate) fn execute(request: &Request) -> Result<Outcome, Failure> {
    let plan = Plan::read(request)?;
    let state: State = request.state()?.unwrap_or_default();
    match exchange(&plan, &state) {
        Ok(End::Done(done)) => Ok(done.into()),
        Ok(End::NotYet(answer)) => match &plan.poll {
            Some(poll) => poll.wait(&plan, state, &answer),
            None => Err(Failure::new(plan.complaint(&answer))),
        },
        Err(trouble) => retry::again(&plan, state, trouble),
    }
}

enum End {
    Done(Done),
    /// What was asked for is under way.
    NotYet(Answer),
}

fn exchange(plan: &Plan, state: &State) -> Result<End, Trouble> {
    let target = match &state.poll {
        None => Target::own(plan),
        Some(asking) => Target::other(plan, asking.url.clone(), "GET", asking.named),
    };
    let mut started = call::send(plan, &target)?;
    let mut answer = started.head();
    let judged = plan.judges_body();
    if judged {
        answer = answer.with_bytes(started.all(plan.most())?);
    }
    if let Some(poll) = &plan.poll
        && !poll.ended(plan, &answer)?
    {
        let retried = plan
            .retry
            .as_ref()
            .is_some_and(|policy| policy.has_status(answer.status));
        if answer.ok() || !retried {
            return Ok(End::NotYet(answer));
        }
        return Err(complaint(plan, answer));
    }
    if !plan.succeeded(&answer)? {
        if !judged {
            answer = answer.with_bytes(started.beginning(FAILED));
        }
        return Err(complaint(plan, answer));
    }
    let rest = (!judged).then_some(started);
    finish(plan, answer, rest).map(End::Done)
}

/// A response that is none of what was wanted, with what it says as the result.
fn complaint(plan: &Plan, mut answer: Answer) -> Trouble {
    let mut end = FAILED.min(answer.body.len());
    while !answer.body.is_char_boundary(end) {
        end -= 1;
    }
    answer.body.truncate(end);
    let failure = Failure::new(plan.complaint(&answer)).retryable();
    let failure = failure.outputs(Outcome::done().result(answer.body));
    Trouble::status(failure, answer.status, &answer.headers)
}

/// The response is what was wanted: the rest of its body, further pages, the artifact, the outputs.
fn finish(plan: &Plan, mut answer: Answer, rest: Option<Started>) -> Result<Done, Trouble> {
    let keep = plan.body.save_as.is_none() || plan.outputs.want_body();
    let mut writer = plan
        .body
        .save_as
        .as_deref()
        .map(artifacts::create)
        .transpose()?;
    match rest {
        Some(mut started) if keep || plan.paging.is_some() => {
            answer = answer.with_bytes(started.all(plan.most())?);
        }
        Some(mut started) => stream(plan, &mut started, writer.as_mut())?,
        None => {}
    }
    match (&plan.paging, writer.as_mut()) {
        (Some(paging), writer) => answer = paging.all(plan, answer, writer, keep)?,
        (None, Some(writer)) if !answer.body.is_empty() => writer.write(answer.bytes())?,
        (None, _) => {}
    }
    let artifact = match (writer, &plan.body.save_as) {
        (Some(writer), Some(name)) => Some((&**name, writer.finish()?)),
        _ => None,
    };
    let parameters = plan.outputs.take(&answer, &plan.asked);
    // The body may be large: it is moved.
    let mut done = match artifact {
        Some((name, location)) => Outcome::done().artifact(name, location),
        None => Outcome::done().result(answer.body),
    };
    match parameters {
        Err(failure) => Err(Trouble::never(failure.outputs(done))),
        Ok(parameters) => {
            for (name, value) in parameters {
                done = done.parameter(name, value);
            }
            Ok(done)
        }
    }
}

/// The body into the artifact, piece by piece.
fn stream(
    plan: &Plan,
    started: &mut Started,
    writer: Option<&mut artifacts::Writer>,
) -> Result<(), Trouble> {
    let Some(writer) = writer else {
        return Ok(());
    };
    let mut written = 0;
    loop {
        let piece = started.next()?;
        if piece.is_empty() {
            return Ok(());
        }
        written += piece.len() as u64;
        if let Some(most) = plan.body.max_body.filter(|most| written > most.0) {
            let message = format!(
                "the response's body is larger than the {} bytes of maxBody",
                most.0
            );
            return Err(Trouble::never(Failure::new(message)));
        }
        writer.write(&piece)?;
    }
}

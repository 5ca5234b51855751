//! A case: a template's body, what the server does, and the outcome that has to come of it, round after round.

use crate::not_yet::NOT_YET;
use crate::server::{Script, Seen, Server};
use crate::support::{Test, call, host};
use crate::world::{NEW_YEAR, Scene};
use rustls::ServerConfig;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tiphys_host::{Ending, Grants, HttpGrant, Plugin, Usage, Wire};
use tokio::task::JoinSet;

pub struct Case {
    name: &'static str,
    body: Value,
    scripts: Vec<Script>,
    tls: Option<Arc<ServerConfig>>,
    grants: Grants,
    secrets: Vec<(&'static str, &'static str, String)>,
    outputs: Value,
    clock_runs: bool,
    deadline: Option<Duration>,
    rounds: Vec<Ending>,
    checks: Vec<Check>,
}

/// What is looked at when all rounds are over.
pub struct End<'a> {
    pub seen: Vec<Seen>,
    pub server: &'a Server,
    pub usages: Vec<Usage>,
    pub log: Vec<String>,
    /// Artifacts that were written, and their bytes.
    pub written: Vec<(String, u64)>,
    pub took: Duration,
}

type Check = Box<dyn Fn(&End<'_>) -> Result<(), String> + Send + Sync>;

/// A case in which a template of that body is run once or more. In all texts `{server}` is the server's `http://127.0.0.1:1234`,
/// `{port}` its port; in texts that are expected, `…` is anything.
pub fn case(name: &'static str, body: Value) -> Case {
    Case {
        name,
        body,
        scripts: Vec::new(),
        tls: None,
        grants: Grants {
            http: vec![http("127.0.0.1:*")],
            time: Duration::from_secs(30),
            memory: 128 << 20,
            ..Grants::default()
        },
        secrets: Vec::new(),
        outputs: Value::Null,
        clock_runs: false,
        deadline: None,
        rounds: Vec::new(),
        checks: Vec::new(),
    }
}

pub fn http(host: &str) -> HttpGrant {
    HttpGrant {
        host: host.to_owned(),
        methods: Vec::new(),
    }
}

/// Builds up a case.
impl Case {
    /// What the next connection is given.
    pub fn answer(mut self, script: Script) -> Case {
        self.scripts.push(script);
        self
    }

    pub fn named(mut self, name: &'static str) -> Case {
        self.name = name;
        self
    }

    pub fn tls(mut self, config: Arc<ServerConfig>) -> Case {
        self.tls = Some(config);
        self
    }

    /// These hosts alone are granted.
    pub fn hosts(mut self, hosts: &[&str]) -> Case {
        self.grants.http = hosts.iter().map(|host| http(host)).collect();
        self
    }

    pub fn grants(mut self, change: impl FnOnce(&mut Grants)) -> Case {
        change(&mut self.grants);
        self
    }

    /// A secret that is there, and granted.
    pub fn secret(
        mut self,
        name: &'static str,
        key: &'static str,
        value: impl Into<String>,
    ) -> Case {
        self.grants.secrets.push(name.to_owned());
        self.secrets.push((name, key, value.into()));
        self
    }

    /// The outputs that the template declares.
    pub fn outputs(mut self, outputs: Value) -> Case {
        self.outputs = outputs;
        self
    }

    /// The clock goes on while a call runs; else only from round to round.
    pub fn clock_runs(mut self) -> Case {
        self.clock_runs = true;
        self
    }

    /// When the node has to have ended, from its beginning.
    pub fn deadline(mut self, after: Duration) -> Case {
        self.deadline = Some(after);
        self
    }

    pub fn done(self, outputs: Value) -> Case {
        self.round(Ending::Done(outputs))
    }

    /// Done, with that result and nothing else.
    pub fn result(self, text: &str) -> Case {
        self.done(json!({"result": text}))
    }

    /// Fails for good.
    pub fn fails(self, message: &str) -> Case {
        self.round(Ending::Failed {
            message: message.to_owned(),
            retryable: false,
            outputs: Value::Null,
        })
    }

    /// Fails, and another attempt may fare better.
    pub fn fails_for_now(self, message: &str) -> Case {
        self.round(Ending::Failed {
            message: message.to_owned(),
            retryable: true,
            outputs: Value::Null,
        })
    }

    /// Fails with what the server said.
    pub fn fails_with(self, message: &str, result: &str) -> Case {
        self.round(Ending::Failed {
            message: message.to_owned(),
            retryable: true,
            outputs: json!({"result": result}),
        })
    }

    /// Goes on after so many milliseconds.
    pub fn waits(self, millis: u64, message: &str) -> Case {
        self.round(Ending::Pending {
            after: Duration::from_millis(millis),
            state: "…".to_owned(),
            message: message.to_owned(),
        })
    }

    pub fn breaks(self, message: &str) -> Case {
        self.round(Ending::Broken {
            message: message.to_owned(),
        })
    }

    fn round(mut self, ending: Ending) -> Case {
        self.rounds.push(ending);
        self
    }

    pub fn check(
        mut self,
        check: impl Fn(&End<'_>) -> Result<(), String> + Send + Sync + 'static,
    ) -> Case {
        self.checks.push(Box::new(check));
        self
    }

    /// The requests that came, as `GET /path`.
    pub fn saw(self, wanted: &'static [&'static str]) -> Case {
        self.check(move |end| {
            let found: Vec<String> = end
                .seen
                .iter()
                .map(|seen| format!("{} {}", seen.method, seen.target))
                .collect();
            same("requests", &wanted, &found)
        })
    }

    /// A header of the n-th request; none: it has not got it.
    pub fn header(self, number: usize, name: &'static str, wanted: Option<&str>) -> Case {
        let wanted = wanted.map(str::to_owned);
        self.check(move |end| {
            let seen = end
                .seen
                .get(number)
                .ok_or_else(|| format!("there is no request {number}"))?;
            let wanted = wanted.as_deref().map(|text| end.server.fill(text));
            same(
                &format!("request {number}: {name}"),
                &wanted.as_deref(),
                &seen.header(name),
            )
        })
    }

    /// The body of the n-th request.
    pub fn sent(self, number: usize, wanted: &'static [u8]) -> Case {
        self.check(move |end| {
            let found = end
                .seen
                .get(number)
                .map(|seen| &seen.body[..])
                .unwrap_or_default();
            same(
                &format!("request {number}: body"),
                &wanted.escape_ascii().to_string(),
                &found.escape_ascii().to_string(),
            )
        })
    }

    /// The lines of the log of all rounds.
    pub fn logged(self, wanted: &'static [&'static str]) -> Case {
        self.check(move |end| {
            let wanted: Vec<String> = wanted.iter().map(|line| end.server.fill(line)).collect();
            same("log", &wanted, &end.log)
        })
    }

    pub fn within(self, limit: Duration) -> Case {
        self.check(move |end| {
            if end.took < limit {
                Ok(())
            } else {
                Err(format!("took {:?}", end.took))
            }
        })
    }
}

pub fn same<A: PartialEq<B> + std::fmt::Debug + ?Sized, B: std::fmt::Debug + ?Sized>(
    what: &str,
    wanted: &A,
    found: &B,
) -> Result<(), String> {
    if wanted == found {
        Ok(())
    } else {
        Err(format!("{what}: expected {wanted:?}, was {found:?}"))
    }
}

/// Runs cases, all at once. Those of `NOT_YET` are told of; any other has to hold.
pub async fn hold(cases: Vec<Case>) {
    let plugin = crate::plugin();
    let wire = Arc::new(Wire::default());
    let mut running = JoinSet::new();
    let count = cases.len();
    for case in cases {
        let (plugin, wire) = (plugin.clone(), wire.clone());
        running.spawn(async move { (case.name, case.run(&plugin, &wire).await.err()) });
    }
    let mut wrong = Vec::new();
    while let Some(done) = running.join_next().await {
        match done.expect("no panic") {
            (name, None) if NOT_YET.contains(&name) => println!("NOT_YET, but it holds: {name}"),
            (name, Some(fault)) if NOT_YET.contains(&name) => println!("NOT_YET: {name}: {fault}"),
            (_, None) => {}
            (name, Some(fault)) => wrong.push(format!("{name}:\n    {fault}")),
        }
    }
    println!("{count} cases");
    assert!(
        wrong.is_empty(),
        "{} of {count} cases:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// Runs a case.
impl Case {
    async fn run(mut self, plugin: &Arc<Plugin>, wire: &Arc<Wire>) -> Result<(), String> {
        let server = Server::start(std::mem::take(&mut self.scripts), self.tls.take());
        let began = Instant::now();
        for grant in &mut self.grants.http {
            grant.host = server.fill(&grant.host);
        }
        let grants = Arc::new(self.grants.clone());
        let (mut passed, mut state, mut usages) = (Duration::ZERO, None, Vec::new());
        let (mut log, mut written) = (Vec::new(), Vec::new());
        for (round, wanted) in (0..).zip(&self.rounds) {
            let secret = |(name, key, value): &(&str, &str, String)| {
                (
                    (*name).to_owned(),
                    (*key).to_owned(),
                    value.clone().into_bytes(),
                )
            };
            let rest = Test {
                secrets: self.secrets.iter().map(secret).collect(),
                ..Test::default()
            };
            let world = Arc::new(Scene {
                wire: wire.clone(),
                rest,
                passed,
                runs: self.clock_runs.then(Instant::now),
            });
            let mut next = call("http", filled(&self.body, &server));
            next.outputs = self.outputs.clone();
            next.deadline = self
                .deadline
                .map(|after| NEW_YEAR + after.as_millis() as u64);
            (next.round, next.state) = (round, state.take());
            let (ending, usage) = host().call(plugin, next, &grants, world.clone()).await;
            usages.push(usage);
            log.extend(world.rest.lines());
            written.extend(
                world
                    .rest
                    .written
                    .lock()
                    .expect("what was written")
                    .drain(..),
            );
            if !like(&shown(wanted), &shown(&ending), &server) {
                return Err(format!(
                    "round {round}: expected {wanted:?}\n    was {ending:?}\n    log {log:?}"
                ));
            }
            self.tight_lipped(&format!("{ending:?} {log:?}"))?;
            if let Ending::Pending {
                after, state: left, ..
            } = ending
            {
                passed += after;
                state = Some(left);
            }
        }
        let end = End {
            seen: server.seen(),
            server: &server,
            usages,
            log,
            written,
            took: began.elapsed(),
        };
        self.checks.iter().try_for_each(|check| check(&end))
    }

    /// No secret is in any outcome, state, message or line of the log.
    fn tight_lipped(&self, said: &str) -> Result<(), String> {
        match self
            .secrets
            .iter()
            .find(|(.., value)| said.contains(value.trim()))
        {
            Some((name, key, _)) => Err(format!("the secret {name}/{key} is told: {said}")),
            None => Ok(()),
        }
    }
}

fn filled(value: &Value, server: &Server) -> Value {
    match value {
        Value::String(text) => server.fill(text).into(),
        Value::Array(list) => list.iter().map(|item| filled(item, server)).collect(),
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| (key.clone(), filled(value, server)))
            .collect(),
        other => other.clone(),
    }
}

fn shown(ending: &Ending) -> Value {
    match ending {
        Ending::Done(outputs) => json!({"done": outputs}),
        Ending::Failed {
            message,
            retryable,
            outputs,
        } => json!({"failed": message, "retryable": retryable, "outputs": outputs}),
        Ending::Pending {
            after,
            state,
            message,
        } => json!({"pending": message, "after": after.as_millis() as u64, "state": state}),
        Ending::Broken { message } => json!({"broken": message}),
        other => json!(format!("{other:?}")),
    }
}

fn like(wanted: &Value, found: &Value, server: &Server) -> bool {
    match (wanted, found) {
        (Value::String(wanted), Value::String(found)) => text_like(&server.fill(wanted), found),
        (Value::Object(wanted), Value::Object(found)) => {
            wanted.len() == found.len()
                && wanted.iter().all(|(key, value)| {
                    found
                        .get(key)
                        .is_some_and(|other| like(value, other, server))
                })
        }
        (Value::Array(wanted), Value::Array(found)) => {
            wanted.len() == found.len()
                && wanted
                    .iter()
                    .zip(found)
                    .all(|(wanted, found)| like(wanted, found, server))
        }
        (wanted, found) => wanted == found,
    }
}

/// Equal, where `…` is anything.
fn text_like(wanted: &str, found: &str) -> bool {
    let Some((first, rest)) = wanted.split_once('…') else {
        return wanted == found;
    };
    let Some(found) = found.strip_prefix(first) else {
        return false;
    };
    (0..=found.len())
        .filter(|at| found.is_char_boundary(*at))
        .any(|at| text_like(rest, &found[at..]))
}

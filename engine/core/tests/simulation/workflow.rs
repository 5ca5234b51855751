//! Random workflows that are sound: every feature of the scheduler, in every mixture, small enough to look at.

use crate::random::Random;
use serde_json::{Map, Value, json};

/// What a workflow may hold. Features whose result hangs on who comes first are kept apart from those that wait for one another,
/// so that most runs have one right end.
#[derive(Clone, Copy, Debug)]
pub struct Flavour {
    /// Parallelism, mutexes, semaphores.
    pub contended: bool,
    /// Timeouts, deadlines, template-level failFast, maxDuration.
    pub timed: bool,
    pub memo: bool,
    pub daemons: bool,
    /// Hooks that fire on a state which a slow observer may miss.
    pub fleeting: bool,
    /// Suspend, resume, stop, terminate.
    pub orders: bool,
}

impl Flavour {
    pub fn of(random: &mut Random) -> Self {
        let contended = random.chance(45);
        let mixed = contended && random.chance(20);
        Self {
            contended,
            timed: mixed || !contended && random.chance(50),
            memo: random.chance(12),
            daemons: !contended && random.chance(25),
            fleeting: random.chance(15),
            orders: random.chance(35),
        }
    }

    /// The end depends on outcomes alone, not on the order in which things are heard of.
    pub fn one_end(self) -> bool {
        !(self.memo || self.fleeting || self.orders || self.contended && self.timed)
    }
}

/// A template that may be called, and how many nodes a call of it makes at most.
struct Callee {
    name: String,
    size: usize,
    /// Has an output parameter `p`.
    gives: bool,
    pod: bool,
}

pub struct Maker<'r> {
    random: &'r mut Random,
    flavour: Flavour,
    callees: Vec<Callee>,
}

const BUDGET: usize = 120;

/// A workflow as JSON.
pub fn workflow(random: &mut Random, flavour: Flavour) -> Value {
    let mut maker = Maker {
        random,
        flavour,
        callees: Vec::new(),
    };
    let mut templates = Vec::new();
    for index in 0..5 {
        templates.push(maker.pod(index));
    }
    if maker.random.chance(35) {
        templates.push(maker.suspend());
    }
    if flavour.daemons {
        templates.push(json!({"name": "daemon", "daemon": true, "container": {"image": "i", "command": ["serve"]}}));
        maker.callees.push(Callee {
            name: "daemon".into(),
            size: 1,
            gives: false,
            pod: false,
        });
    }
    if maker.random.chance(20) {
        templates.extend(maker.recursion());
    }
    let composites = 1 + maker.random.below(5);
    for index in 0..composites {
        let name = format!("c{index}");
        let template = if maker.random.chance(50) {
            maker.steps(&name)
        } else {
            maker.dag(&name)
        };
        templates.push(template);
    }
    let mut spec = Map::new();
    let entrypoint = if maker.random.chance(4) {
        "p0".to_owned()
    } else {
        format!("c{}", composites - 1)
    };
    spec.insert("entrypoint".into(), json!(entrypoint));
    maker.whole(&mut spec);
    spec.insert("templates".into(), Value::Array(templates));
    json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": {"name": "wf", "namespace": "ns", "uid": "u"}, "spec": spec})
}

impl Maker<'_> {
    /// Fields of the workflow itself.
    fn whole(&mut self, spec: &mut Map<String, Value>) {
        let name = |maker: &mut Self| {
            let pods: Vec<usize> = (0..maker.callees.len())
                .filter(|at| maker.callees[*at].pod || maker.callees[*at].size < 12)
                .collect();
            let at = *maker.random.pick(&pods);
            maker.callees[at].name.clone()
        };
        if self.random.chance(30) {
            let template = name(self);
            spec.insert("onExit".into(), json!(template));
        }
        if self.random.chance(15) {
            let template = name(self);
            let words: &[&str] = if self.flavour.fleeting {
                &["Running", "Failed", "Succeeded"]
            } else {
                &["Failed", "Succeeded"]
            };
            let word = *self.random.pick(words);
            spec.insert("hooks".into(), json!({"h": {"expression": format!("workflow.status == \"{word}\""), "template": template}}));
        }
        if self.flavour.contended {
            if self.random.chance(40) {
                spec.insert("parallelism".into(), json!(1 + self.random.below(3)));
            }
            if self.random.chance(15) {
                spec.insert(
                    "synchronization".into(),
                    json!({"mutexes": [{"name": "whole"}]}),
                );
            }
        }
        if self.flavour.timed && self.flavour.orders && self.random.chance(30) {
            spec.insert(
                "activeDeadlineSeconds".into(),
                json!(10 + self.random.below(80)),
            );
        }
        if self.random.chance(5) {
            spec.insert("retryStrategy".into(), json!({"limit": 1}));
        }
        if self.flavour.orders && self.random.chance(8) {
            spec.insert("suspend".into(), json!(true));
        }
        if self.random.chance(10) {
            spec.insert(
                "templateDefaults".into(),
                json!({"container": {"image": "other"}, "retryStrategy": {"limit": 1}}),
            );
        }
    }

    fn pod(&mut self, index: usize) -> Value {
        let name = format!("p{index}");
        let mut template = json!({
            "name": name,
            "inputs": {"parameters": [{"name": "m", "default": "d"}]},
            "outputs": {"parameters": [{"name": "p", "valueFrom": {"path": "/p", "default": "none"}}]},
        });
        let map = template.as_object_mut().expect("an object");
        if self.random.chance(25) {
            map.insert(
                "script".into(),
                json!({"image": "i", "command": ["sh"], "source": "echo {{inputs.parameters.m}}"}),
            );
        } else {
            map.insert(
                "container".into(),
                json!({"image": "i", "command": ["run"], "args": ["{{inputs.parameters.m}}"]}),
            );
        }
        if self.random.chance(12) {
            map["outputs"]["parameters"][0]["valueFrom"] = json!({"path": "/p"});
        }
        if self.random.chance(10) {
            map["outputs"]["parameters"][0]["globalName"] = json!(format!("g{index}"));
        }
        self.around(map, true);
        self.callees.push(Callee {
            name,
            size: 3,
            gives: true,
            pod: true,
        });
        template
    }

    /// Retries, locks, limits, memoization: what any template may have.
    fn around(&mut self, map: &mut Map<String, Value>, pod: bool) {
        if self.random.chance(if pod { 30 } else { 8 }) {
            let retry = self.retry();
            map.insert("retryStrategy".into(), retry);
        }
        if self.flavour.contended && self.random.chance(if pod { 25 } else { 10 }) {
            let which = if pod {
                self.random.below(3)
            } else {
                3 + self.random.below(2)
            };
            let locks = match which {
                0 => json!({"mutexes": [{"name": "a"}]}),
                1 => json!({"mutexes": [{"name": "a"}, {"name": "b"}]}),
                2 => json!({"semaphores": [{"configMapKeyRef": {"name": "limits", "key": "two"}}]}),
                // One of these within another would wait for itself, so each composite has its own.
                _ => {
                    json!({"mutexes": [{"name": format!("own-{}", map["name"].as_str().unwrap_or(""))}]})
                }
            };
            map.insert("synchronization".into(), locks);
        }
        if self.flavour.memo && self.random.chance(30) {
            let key = if pod {
                "k-{{inputs.parameters.m}}"
            } else {
                "k"
            };
            map.insert("memoize".into(), json!({"key": key, "cache": {"configMap": {"name": format!("cache-{}", map["name"].as_str().unwrap_or(""))}}}));
        }
        if self.flavour.timed {
            if pod && self.random.chance(25) {
                map.insert(
                    "timeout".into(),
                    json!(format!("{}s", 2 * (1 + self.random.below(10)))),
                );
            }
            if pod && self.random.chance(15) {
                map.insert(
                    "activeDeadlineSeconds".into(),
                    json!(2 * (1 + self.random.below(10))),
                );
            }
            if pod && self.random.chance(10) {
                map.insert("pendingTimeout".into(), json!("2s"));
            }
        }
    }

    fn retry(&mut self) -> Value {
        let mut retry = json!({"limit": self.random.below(3)});
        if self.random.chance(40) {
            retry["backoff"] =
                json!({"duration": format!("{}", 1 + self.random.below(8)), "factor": 2});
            if self.random.chance(30) {
                retry["backoff"]["cap"] = json!("9s");
            }
            if self.flavour.timed && self.random.chance(30) {
                retry["backoff"]["maxDuration"] = json!("20s");
            }
        }
        if self.random.chance(30) {
            retry["retryPolicy"] =
                json!(
                    self.random
                        .pick(&["Always", "OnFailure", "OnError", "OnTransientError"])
                );
        }
        if self.random.chance(20) {
            retry["expression"] = json!(self.random.pick(&[
                "asInt(lastRetry.exitCode) > 1",
                "lastRetry.status == \"Error\"",
                "asInt(retries) < 1"
            ]));
        }
        retry
    }

    fn suspend(&mut self) -> Value {
        let mut template = json!({
            "name": "pause", "suspend": {},
            "inputs": {"parameters": [{"name": "m", "default": "d"}]},
            "outputs": {"parameters": [{"name": "p", "valueFrom": {"supplied": {}, "default": "unsaid"}}]},
        });
        if self.random.chance(70) {
            template["suspend"] = json!({"duration": format!("{}", 1 + self.random.below(20))});
        }
        self.callees.push(Callee {
            name: "pause".into(),
            size: 1,
            gives: true,
            pod: false,
        });
        template
    }

    fn recursion(&mut self) -> Vec<Value> {
        let depth = 1 + self.random.below(4);
        self.callees.push(Callee {
            name: "fall".into(),
            size: depth * 6,
            gives: false,
            pod: false,
        });
        vec![
            json!({"name": "fall", "steps": [[{"name": "in", "template": "deeper", "arguments": {"parameters": [{"name": "n", "value": depth.to_string()}]}}]]}),
            json!({"name": "deeper", "inputs": {"parameters": [{"name": "n"}]}, "steps": [
                [{"name": "work", "template": "p0", "continueOn": {"failed": true, "error": true}}],
                [{"name": "again", "template": "deeper", "when": "{{inputs.parameters.n}} > 0",
                  "arguments": {"parameters": [{"name": "n", "value": "{{=asInt(inputs.parameters.n) - 1}}"}]}}],
            ]}),
        ]
    }

    /// A call of some template that still fits; the call, how many nodes it makes, whether it gives `p`, whether it is a loop.
    fn call(
        &mut self,
        name: &str,
        left: usize,
        known: &[(String, bool)],
        word: &str,
    ) -> Option<(Value, usize, bool, bool)> {
        let fits: Vec<usize> = (0..self.callees.len())
            .filter(|at| self.callees[*at].size <= left)
            .collect();
        if fits.is_empty() {
            return None;
        }
        // The latest templates hold the most: prefer them, so that nesting gets deep.
        let at = if self.random.chance(30) {
            *fits.last().expect("not empty")
        } else {
            *self.random.pick(&fits)
        };
        let (template, mut size, gives, daemon) = (
            self.callees[at].name.clone(),
            self.callees[at].size,
            self.callees[at].gives,
            self.callees[at].name == "daemon",
        );
        let mut call = json!({"name": name, "template": template});
        let map = call.as_object_mut().expect("an object");
        let mut looped = false;
        if !daemon && self.random.chance(18) {
            let count = self.random.below(4);
            size = 1 + size * count.max(1);
            if size <= left {
                looped = true;
                match self.random.below(3) {
                    0 => map.insert(
                        "withItems".into(),
                        json!(
                            (0..count.max(1))
                                .map(|n| format!("x{n}"))
                                .collect::<Vec<_>>()
                        ),
                    ),
                    1 => map.insert(
                        "withParam".into(),
                        json!(json!((0..count).collect::<Vec<_>>()).to_string()),
                    ),
                    _ => map.insert("withSequence".into(), json!({"count": count.to_string()})),
                };
            }
        }
        if gives && self.random.chance(50) {
            let sources: Vec<&(String, bool)> = known.iter().filter(|(_, gives)| *gives).collect();
            let value = if looped && self.random.chance(50) {
                "{{item}}".to_owned()
            } else if !sources.is_empty() && self.random.chance(60) {
                let (from, _) = *self.random.pick(&sources);
                format!("{{{{{word}.{from}.outputs.parameters.p}}}}")
            } else {
                format!("v{}", self.random.below(3))
            };
            map.insert(
                "arguments".into(),
                json!({"parameters": [{"name": "m", "value": value}]}),
            );
        }
        if self.random.chance(12) {
            let when = self
                .random
                .pick(&[
                    "1 == 2",
                    "1 == 1",
                    "hello == hello",
                    "{{workflow.name}} != wf",
                ])
                .to_string();
            let when = if looped && self.random.chance(50) {
                "{{item}} != 1 && {{item}} != x1".to_owned()
            } else {
                when
            };
            map.insert("when".into(), json!(when));
        }
        if self.random.chance(15) {
            self.hooks(name, word, map);
        }
        Some((call, size + 2, gives && !looped, looped))
    }

    fn hooks(&mut self, name: &str, word: &str, map: &mut Map<String, Value>) {
        let pod = format!("p{}", self.random.below(5));
        let mut hooks = Map::new();
        if self.random.chance(60) {
            hooks.insert("exit".into(), json!({"template": pod, "arguments": {"parameters": [{"name": "m", "value": format!("{{{{{word}.{name}.status}}}}")}]}}));
        }
        if self.random.chance(60) {
            let phases: &[&str] = if self.flavour.fleeting {
                &["Running", "Failed", "Succeeded"]
            } else {
                &["Failed", "Succeeded"]
            };
            let phase = *self.random.pick(phases);
            hooks.insert("on".into(), json!({"template": pod, "expression": format!("{word}[\"{name}\"].status == \"{phase}\"")}));
        }
        if !hooks.is_empty() {
            map.insert("hooks".into(), Value::Object(hooks));
        }
    }

    fn composite(
        &mut self,
        name: &str,
        body: &str,
        value: Value,
        size: usize,
        last: Option<(String, bool)>,
        word: &str,
    ) -> Value {
        let mut template = json!({"name": name, body: value});
        let map = template.as_object_mut().expect("an object");
        self.around(map, false);
        if self.flavour.contended && self.random.chance(30) {
            map.insert("parallelism".into(), json!(1 + self.random.below(3)));
        }
        if self.flavour.timed && self.random.chance(20) {
            map.insert("failFast".into(), json!(true));
        }
        let mut gives = false;
        if let Some((call, true)) = last
            && self.random.chance(50)
        {
            gives = true;
            let from = if self.random.chance(70) {
                json!({"parameter": format!("{{{{{word}.{call}.outputs.parameters.p}}}}"), "default": "lost"})
            } else {
                json!({"expression": format!("{word}['{call}'].outputs.parameters.p")})
            };
            map.insert(
                "outputs".into(),
                json!({"parameters": [{"name": "p", "valueFrom": from}]}),
            );
        }
        self.callees.push(Callee {
            name: name.into(),
            size,
            gives,
            pod: false,
        });
        template
    }

    fn steps(&mut self, name: &str) -> Value {
        let (mut groups, mut known, mut size) = (Vec::new(), Vec::new(), 1);
        for group in 0..1 + self.random.below(4) {
            let (mut steps, mut new) = (Vec::new(), Vec::new());
            for step in 0..1 + self.random.below(3) {
                let called = format!("s{group}-{step}");
                let Some((mut call, cost, gives, _)) =
                    self.call(&called, BUDGET.saturating_sub(size), &known, "steps")
                else {
                    break;
                };
                if self.random.chance(35) {
                    call["continueOn"] = json!({"failed": true, "error": self.random.chance(50)});
                }
                size += cost;
                steps.push(call);
                new.push((called, gives));
            }
            if steps.is_empty() {
                break;
            }
            size += 1;
            groups.push(Value::Array(steps));
            known.extend(new);
        }
        let last = known.last().cloned();
        self.composite(name, "steps", Value::Array(groups), size, last, "steps")
    }

    fn dag(&mut self, name: &str) -> Value {
        let depends = self.random.chance(60);
        let (mut tasks, mut known, mut loops, mut size) =
            (Vec::new(), Vec::<(String, bool)>::new(), Vec::new(), 1);
        for index in 0..1 + self.random.below(7) {
            let called = if self.random.chance(80) {
                format!("t{index}")
            } else {
                format!("t-{index}")
            };
            let mut needed: Vec<(String, bool)> = known
                .iter()
                .filter(|_| self.random.chance(35))
                .cloned()
                .collect();
            needed.truncate(3);
            let Some((mut call, cost, gives, looped)) =
                self.call(&called, BUDGET.saturating_sub(size), &needed, "tasks")
            else {
                break;
            };
            if !needed.is_empty() {
                let names: Vec<&String> = needed.iter().map(|(name, _)| name).collect();
                if depends {
                    let text = self.depends(&names, &loops);
                    call["depends"] = json!(text);
                } else {
                    call["dependencies"] = json!(names);
                }
            }
            if !depends && self.random.chance(25) {
                call["continueOn"] = json!({"failed": true, "error": self.random.chance(50)});
            }
            if looped {
                loops.push(called.clone());
            }
            size += cost;
            tasks.push(call);
            known.push((called, gives));
        }
        let mut body = json!({"tasks": tasks});
        if self.random.chance(30) {
            body["failFast"] = json!(false);
        }
        if self.random.chance(10) {
            let (target, _) = self.random.pick(&known).clone();
            body["target"] = json!(target);
        }
        // Outputs may name any task of a DAG, but one that no target needs never runs.
        let last = known
            .last()
            .cloned()
            .filter(|_| body.get("target").is_none());
        self.composite(name, "dag", body, size, last, "tasks")
    }

    fn depends(&mut self, names: &[&String], loops: &[String]) -> String {
        let mut text = String::new();
        for (index, name) in names.iter().enumerate() {
            if index > 0 {
                text += if self.random.chance(50) {
                    " && "
                } else {
                    " || "
                };
            }
            let results: &[&str] = if loops.contains(name) {
                &["", ".Succeeded", ".AnySucceeded", ".AllFailed", ".Failed"]
            } else {
                &[
                    "",
                    "",
                    ".Succeeded",
                    ".Failed",
                    ".Errored",
                    ".Skipped",
                    ".Omitted",
                    ".Daemoned",
                ]
            };
            let operand = format!("{name}{}", self.random.pick(results));
            text += &match self.random.below(6) {
                0 => format!("!{operand}"),
                1 => format!("({operand} || {name}.Failed || {name}.Succeeded)"),
                _ => operand,
            };
        }
        text
    }
}

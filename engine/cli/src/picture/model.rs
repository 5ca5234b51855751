//! What every picture shows: the entrypoint's template opened up, call by call.

use tiphys_graph::plan::{
    Body, Call, Dag, Hook, HookExpression, Loop, Plan, Target, Template, TemplateId,
};

/// A workflow to draw.
pub struct Picture {
    pub title: String,
    pub main: Item,
    /// What runs at the end, and other hooks of the workflow.
    pub hooks: Vec<Item>,
}

/// One call, or the entrypoint.
pub struct Item {
    /// Unique within the picture.
    pub id: usize,
    pub name: String,
    pub template: String,
    pub kind: String,
    /// Conditions, loops, retries, hooks: one short line each.
    pub notes: Vec<String>,
    /// What the template calls, where it is opened.
    pub inner: Option<Inner>,
}

/// The calls of a steps or dag template.
pub struct Inner {
    pub items: Vec<Item>,
    /// Row of each item: its group of steps, or its layer in the DAG.
    pub ranks: Vec<usize>,
    pub edges: Vec<Edge>,
    /// Groups of steps: one follows the other as a whole.
    pub steps: bool,
}

/// `to` comes after `from`; both are indexes of items.
pub struct Edge {
    pub from: usize,
    pub to: usize,
    /// What is asked of `from`, where it is more than that it went well.
    pub label: String,
}

/// How many items a picture holds at most; beyond it templates stay closed.
const MAX_ITEMS: usize = 2_000;

struct Opener<'p> {
    plan: &'p Plan,
    depth: usize,
    /// The templates that are being opened, outermost first.
    open: Vec<TemplateId>,
    count: usize,
}

impl Picture {
    pub fn of(plan: &Plan, depth: Option<usize>) -> Picture {
        let mut opener = Opener {
            plan,
            depth: depth.unwrap_or(usize::MAX),
            open: Vec::new(),
            count: 0,
        };
        let metadata = &plan.workflow.metadata;
        let title = metadata
            .name
            .clone()
            .or_else(|| metadata.generate_name.clone())
            .unwrap_or_else(|| "workflow".to_owned());
        let entry = plan.template(plan.entrypoint);
        let main = opener.item(entry.name.clone(), Some(entry), Vec::new(), String::new());
        let hooks = plan
            .exit
            .iter()
            .chain(&plan.hooks)
            .map(|hook| opener.hook(hook))
            .collect();
        Picture { title, main, hooks }
    }
}

impl Opener<'_> {
    fn item(
        &mut self,
        name: String,
        template: Option<&Template>,
        mut notes: Vec<String>,
        missing: String,
    ) -> Item {
        let id = self.count;
        self.count += 1;
        let Some(template) = template else {
            return Item {
                id,
                name,
                template: missing,
                kind: "found at run time".to_owned(),
                notes,
                inner: None,
            };
        };
        notes.extend(of_template(template));
        let composite = matches!(template.body, Body::Steps(_) | Body::Dag(_));
        let inner = if composite && self.open.contains(&template.id) {
            notes.push("calls itself".to_owned());
            None
        } else if self.open.len() < self.depth && self.count < MAX_ITEMS {
            self.open.push(template.id);
            let inner = self.inner(&template.body);
            self.open.pop();
            inner
        } else {
            None
        };
        Item {
            id,
            name,
            template: template.name.clone(),
            kind: kind(template),
            notes,
            inner,
        }
    }

    fn inner(&mut self, body: &Body) -> Option<Inner> {
        match body {
            Body::Steps(groups) => {
                let mut inner = Inner {
                    items: Vec::new(),
                    ranks: Vec::new(),
                    edges: Vec::new(),
                    steps: true,
                };
                for (rank, group) in groups.iter().enumerate() {
                    for call in group {
                        inner.items.push(self.call(call, Vec::new()));
                        inner.ranks.push(rank);
                    }
                }
                Some(inner)
            }
            Body::Dag(dag) => Some(self.dag(dag)),
            _ => None,
        }
    }

    fn dag(&mut self, dag: &Dag) -> Inner {
        let mut place = vec![usize::MAX; dag.tasks.len()];
        let mut inner = Inner {
            items: Vec::new(),
            ranks: Vec::new(),
            edges: Vec::new(),
            steps: false,
        };
        for index in &dag.order {
            let task = &dag.tasks[*index as usize];
            let here = inner.items.len();
            place[*index as usize] = here;
            let mut rank = 0;
            for dependency in &task.dependencies {
                let from = place[*dependency as usize];
                if from == usize::MAX {
                    continue;
                }
                rank = rank.max(inner.ranks[from] + 1);
                inner.edges.push(Edge {
                    from,
                    to: here,
                    label: asked(task, *dependency),
                });
            }
            inner.items.push(self.call(&task.call, Vec::new()));
            inner.ranks.push(rank);
        }
        inner
    }

    fn call(&mut self, call: &Call, mut notes: Vec<String>) -> Item {
        if let Some(each) = &call.each {
            notes.push(repeated(each));
        }
        if let Some(when) = &call.when {
            notes.push(format!("when {}", when.source()));
        }
        for hook in &call.hooks {
            notes.push(described(hook, self.plan));
        }
        match &call.target {
            Target::Template(id) => self.item(
                call.name.clone(),
                Some(self.plan.template(*id)),
                notes,
                String::new(),
            ),
            Target::Dynamic { name, template, .. } => {
                let from = name
                    .as_ref()
                    .map(|name| format!("{}/", name.source()))
                    .unwrap_or_default();
                self.item(
                    call.name.clone(),
                    None,
                    notes,
                    format!("{from}{}", template.source()),
                )
            }
        }
    }

    fn hook(&mut self, hook: &Hook) -> Item {
        let mut item = self.call(
            &hook.call,
            condition(hook)
                .map(|text| format!("if {text}"))
                .into_iter()
                .collect(),
        );
        item.name = if hook.call.name == "exit" {
            "on exit".to_owned()
        } else {
            format!("hook {}", hook.call.name)
        };
        item
    }
}

/// What is asked of a dependency by name, such as `Failed`.
fn asked(task: &tiphys_graph::plan::Task, dependency: u32) -> String {
    let Some(depends) = &task.depends else {
        return String::new();
    };
    let mentions = depends
        .tasks()
        .iter()
        .zip(&task.operands)
        .filter(|(_, operand)| **operand == dependency);
    let results: Vec<&str> = mentions
        .filter_map(|(mention, _)| mention.result.map(tiphys_expr::TaskResult::name))
        .collect();
    results.join(", ")
}

fn kind(template: &Template) -> String {
    match &template.body {
        Body::Steps(_) => "steps".to_owned(),
        Body::Dag(_) => "dag".to_owned(),
        Body::Suspend { .. } => "suspend".to_owned(),
        Body::Kind { kind, .. } => kind.clone(),
        Body::Pod(_) if template.spec.script.is_some() => "script".to_owned(),
        Body::Pod(_) if template.spec.resource.is_some() => "resource".to_owned(),
        Body::Pod(_) => "container".to_owned(),
    }
}

fn of_template(template: &Template) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(retry) = &template.retry {
        notes.push(retry.limit.as_ref().map_or_else(
            || "retried without end".to_owned(),
            |limit| format!("retried up to {} times", limit.source()),
        ));
    }
    if let Body::Suspend {
        duration: Some(duration),
    } = &template.body
    {
        notes.push(format!("for {}", duration.source()));
    }
    if template.daemon {
        notes.push("daemon".to_owned());
    }
    if template.memoize.is_some() {
        notes.push("memoized".to_owned());
    }
    if !template.locks.is_empty() {
        notes.push("takes locks".to_owned());
    }
    if let Some(limit) = template.parallelism {
        notes.push(format!("at most {limit} at once"));
    }
    notes
}

fn repeated(each: &Loop) -> String {
    match each {
        Loop::Items(items) => format!("{} items", items.len()),
        Loop::Param(list) => format!("for each of {}", list.source()),
        Loop::Sequence {
            count: Some(count), ..
        } => format!("{} times", count.source()),
        Loop::Sequence { start, end, .. } => {
            let end = end.as_ref().map_or("", |end| end.source());
            format!(
                "from {} to {end}",
                start.as_ref().map_or("0", |start| start.source())
            )
        }
    }
}

fn condition(hook: &Hook) -> Option<&str> {
    match &hook.expression {
        Some(HookExpression::Parsed(program)) => Some(program.source()),
        Some(HookExpression::Tagged(text)) => Some(text.source()),
        None => None,
    }
}

fn described(hook: &Hook, plan: &Plan) -> String {
    let target = match &hook.call.target {
        Target::Template(id) => &plan.template(*id).name,
        Target::Dynamic { template, .. } => template.source(),
    };
    let name = if hook.call.name == "exit" {
        "on exit"
    } else {
        "hook"
    };
    match condition(hook) {
        Some(text) => format!("{name} {target} if {text}"),
        None => format!("{name} {target}"),
    }
}

//! `depends`: task names with results, `&&`, `||`, `!` and parentheses.

use crate::limits;
use crate::suggest;

/// A DAG task's condition on other tasks, parsed once.
///
/// A name's `-` stays what it is; Argo turns every `-` into `_` and so confuses `a-b` with `a_b`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Depends {
    tasks: Vec<TaskRef>,
    root: Option<Node>,
}

/// A task that a condition mentions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskRef {
    pub name: String,
    /// Byte offset in the condition.
    pub offset: usize,
    /// The result asked for; `None` for a bare name, which Argo reads as `(Succeeded || Skipped || Daemoned)` and more where
    /// the task continues on errors. That is the caller's to decide.
    pub result: Option<TaskResult>,
}

/// What can be asked of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TaskResult {
    Succeeded,
    Failed,
    Errored,
    Skipped,
    Omitted,
    Daemoned,
    /// One of a loop's children succeeded.
    AnySucceeded,
    /// A loop has children and all of them failed.
    AllFailed,
}

impl TaskResult {
    pub const ALL: [TaskResult; 8] = [
        TaskResult::Succeeded,
        TaskResult::Failed,
        TaskResult::Errored,
        TaskResult::Skipped,
        TaskResult::Omitted,
        TaskResult::Daemoned,
        TaskResult::AnySucceeded,
        TaskResult::AllFailed,
    ];

    /// As it is written after the dot.
    pub fn name(self) -> &'static str {
        match self {
            TaskResult::Succeeded => "Succeeded",
            TaskResult::Failed => "Failed",
            TaskResult::Errored => "Errored",
            TaskResult::Skipped => "Skipped",
            TaskResult::Omitted => "Omitted",
            TaskResult::Daemoned => "Daemoned",
            TaskResult::AnySucceeded => "AnySucceeded",
            TaskResult::AllFailed => "AllFailed",
        }
    }
}

/// Why a condition cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} (at byte {offset})")]
pub struct DependsError {
    /// Byte offset in the condition.
    pub offset: usize,
    pub message: String,
    pub suggestion: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Node {
    Task(usize),
    Not(Box<Node>),
    All(Vec<Node>),
    Any(Vec<Node>),
}

impl Depends {
    /// Reads a condition.
    ///
    /// # Errors
    /// The first fault, with a suggestion where a slip of the hand is likely.
    pub fn parse(source: &str) -> Result<Depends, DependsError> {
        let mut parser = Parser {
            source,
            at: 0,
            tasks: Vec::new(),
            nesting: 0,
        };
        let root = parser.any()?;
        parser.skip_space();
        if parser.at < source.len() {
            return Err(parser.stranger());
        }
        Ok(Depends {
            tasks: parser.tasks,
            root: Some(root),
        })
    }

    /// `dependencies: [A, B]`: every one of the tasks, each as a bare name.
    pub fn all<S: AsRef<str>>(names: &[S]) -> Depends {
        let task = |name: &S| TaskRef {
            name: name.as_ref().to_owned(),
            offset: 0,
            result: None,
        };
        let tasks: Vec<TaskRef> = names.iter().map(task).collect();
        let root =
            (!tasks.is_empty()).then(|| Node::All((0..tasks.len()).map(Node::Task).collect()));
        Depends { tasks, root }
    }

    /// The tasks it mentions, in the order of the text; a task mentioned twice is there twice.
    pub fn tasks(&self) -> &[TaskRef] {
        &self.tasks
    }

    /// Whether the condition holds; `is` answers for one entry of [`Depends::tasks`]. Without tasks it holds.
    pub fn evaluate(&self, mut is: impl FnMut(usize, Option<TaskResult>) -> bool) -> bool {
        self.root
            .as_ref()
            .is_none_or(|root| holds(root, &mut |task| is(task, self.tasks[task].result)))
    }
}

fn holds(node: &Node, is: &mut dyn FnMut(usize) -> bool) -> bool {
    match node {
        Node::Task(task) => is(*task),
        Node::Not(inner) => !holds(inner, is),
        Node::All(nodes) => nodes.iter().all(|node| holds(node, is)),
        Node::Any(nodes) => nodes.iter().any(|node| holds(node, is)),
    }
}

struct Parser<'a> {
    source: &'a str,
    at: usize,
    tasks: Vec<TaskRef>,
    nesting: usize,
}

impl Parser<'_> {
    fn any(&mut self) -> Result<Node, DependsError> {
        let mut nodes = vec![self.all()?];
        while self.take("||") {
            nodes.push(self.all()?);
        }
        Ok(one_or(nodes, Node::Any))
    }

    fn all(&mut self) -> Result<Node, DependsError> {
        let mut nodes = vec![self.operand()?];
        while self.take("&&") {
            nodes.push(self.operand()?);
        }
        Ok(one_or(nodes, Node::All))
    }

    fn operand(&mut self) -> Result<Node, DependsError> {
        if self.nesting >= limits::NESTING {
            return Err(self.error(format!(
                "the condition is nested deeper than {} levels",
                limits::NESTING
            )));
        }
        self.nesting += 1;
        let node = if self.take("!") {
            self.operand().map(|inner| Node::Not(inner.into()))
        } else if self.take("(") {
            let inner = self.any()?;
            if self.take(")") {
                Ok(inner)
            } else {
                Err(self.expected("`)`"))
            }
        } else {
            self.task()
        };
        self.nesting -= 1;
        node
    }

    fn task(&mut self) -> Result<Node, DependsError> {
        self.skip_space();
        let offset = self.at;
        let name = self
            .word(|next| next.is_ascii_alphanumeric() || next == '-' || next == '_')
            .to_owned();
        if name.is_empty() || name.starts_with(['-', '_']) {
            self.at = offset;
            return Err(self.expected("a task's name"));
        }
        let result = if self.source[self.at..].starts_with('.') {
            self.at += 1;
            Some(self.result(&name)?)
        } else {
            None
        };
        self.tasks.push(TaskRef {
            name,
            offset,
            result,
        });
        Ok(Node::Task(self.tasks.len() - 1))
    }

    fn result(&mut self, task: &str) -> Result<TaskResult, DependsError> {
        let offset = self.at;
        let word = self
            .word(|next| next.is_alphanumeric() || next == '_')
            .to_owned();
        let known = TaskResult::ALL
            .into_iter()
            .find(|result| result.name() == word);
        known.ok_or_else(|| DependsError {
            offset,
            message: format!(
                "`{word}` is not a result of a task; there are {}",
                names().collect::<Vec<_>>().join(", ")
            ),
            suggestion: suggest::nearest(&word, names()).map(|near| format!("{task}.{near}")),
        })
    }

    fn word(&mut self, belongs: impl Fn(char) -> bool) -> &str {
        let start = self.at;
        let rest = &self.source[start..];
        self.at += rest.find(|next| !belongs(next)).unwrap_or(rest.len());
        &self.source[start..self.at]
    }

    fn skip_space(&mut self) {
        self.at = self.source.len() - self.source[self.at..].trim_start().len();
    }

    fn take(&mut self, symbol: &str) -> bool {
        self.skip_space();
        let found = self.source[self.at..].starts_with(symbol);
        if found {
            self.at += symbol.len();
        }
        found
    }

    fn error(&self, message: String) -> DependsError {
        DependsError {
            offset: self.at,
            message,
            suggestion: None,
        }
    }

    fn expected(&self, wanted: &str) -> DependsError {
        match self.source[self.at..].chars().next() {
            Some(found) => self.error(format!("expected {wanted}, found {found:?}")),
            None => self.error(format!("expected {wanted}, found the end")),
        }
    }

    /// What stands where an operator should.
    fn stranger(&self) -> DependsError {
        let rest = &self.source[self.at..];
        let word: String = rest
            .chars()
            .take_while(|next| next.is_alphanumeric())
            .collect();
        let suggestion = match word.to_ascii_lowercase().as_str() {
            "and" => Some("&&"),
            "or" => Some("||"),
            _ if rest.starts_with(['&', ',']) => Some("&&"),
            _ if rest.starts_with('|') => Some("||"),
            _ => None,
        };
        let mut error = self.expected("`&&`, `||` or the end");
        error.suggestion = suggestion.map(str::to_owned);
        error
    }
}

fn names() -> impl Iterator<Item = &'static str> {
    TaskResult::ALL.into_iter().map(TaskResult::name)
}

fn one_or(mut nodes: Vec<Node>, many: fn(Vec<Node>) -> Node) -> Node {
    if nodes.len() == 1 {
        nodes.remove(0)
    } else {
        many(nodes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_their_dashes() {
        let depends = Depends::parse("a-b && !a_b.Failed").unwrap();
        let names: Vec<&str> = depends
            .tasks()
            .iter()
            .map(|task| task.name.as_str())
            .collect();
        assert_eq!(names, ["a-b", "a_b"]);
        assert!(depends.evaluate(|task, _| task == 0));
    }

    #[test]
    fn faults_have_a_place_and_a_suggestion() {
        let error = Depends::parse("A.Suceeded").unwrap_err();
        assert_eq!(
            (error.offset, error.suggestion.as_deref()),
            (2, Some("A.Succeeded"))
        );
        let error = Depends::parse("A and B").unwrap_err();
        assert_eq!((error.offset, error.suggestion.as_deref()), (2, Some("&&")));
        assert!(Depends::parse(&"(".repeat(100_000)).is_err());
        assert!(Depends::parse("").is_err());
    }

    #[test]
    fn no_dependencies_hold() {
        assert!(Depends::all::<&str>(&[]).evaluate(|_, _| false));
        assert!(!Depends::all(&["A", "B"]).evaluate(|task, _| task == 0));
    }
}

//! How long answers take on a file of 5,000 lines, each asked for right after a key was pressed.

use std::time::{Duration, Instant};

use async_lsp::lsp_types::request::*;
use async_lsp::lsp_types::*;

use super::client::Editor;

const ROUNDS: usize = if cfg!(debug_assertions) { 20 } else { 200 };
/// The bound is on 5,000 lines and on what users run; without optimisation a shorter file shows that every answer comes.
const LINES: usize = if cfg!(debug_assertions) { 1000 } else { 5000 };
/// Without optimisation all takes far longer.
const BOUND: Duration = Duration::from_millis(if cfg!(debug_assertions) { 2000 } else { 30 });

/// A workflow of many steps, each with a template of its own.
fn text() -> String {
    let (mut steps, mut templates) = (String::new(), String::new());
    let mut count = 0;
    while steps.lines().count() + templates.lines().count() + 4 < LINES {
        let before = if count == 0 {
            "size".to_owned()
        } else {
            format!("task-{}.sum", count - 1)
        };
        steps.push_str(&format!("    task-{count} = crunch-{count}(n: {before}, text: \"${{size}} of ${{workflow.name}}\") when day != \"sunday\"\n"));
        templates.push_str(&format!(
            "\n  // Number {count}.\n  container crunch-{count}(n: int, text: string) {{\n    image alpine:3.23\n    retry 3 on error backoff 2s x2\n    \
             sh \"echo $((${{n}} * 2)) ${{text}} > /tmp/sum\"\n    cpu 100m..1\n    env {{ DAY: \"${{day}}\" }}\n    out sum: int = file(\"/tmp/sum\")\n  }}\n"
        ));
        count += 1;
    }
    format!(
        "workflow long(size: int = 3, day: string = monday) {{\n  dag main {{\n{steps}  }}\n{templates}}}\n"
    )
}

struct Times(Vec<(&'static str, Vec<Duration>)>);

impl Times {
    fn add(&mut self, kind: &'static str, time: Duration) {
        match self.0.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, times)) => times.push(time),
            None => self.0.push((kind, vec![time])),
        }
    }
}

/// A request whose answer is taken as JSON: reading it into types of its own is the client's work, and comes after.
struct Plain<R>(std::marker::PhantomData<R>);

impl<R: Request> Request for Plain<R> {
    type Params = R::Params;
    type Result = serde_json::Value;
    const METHOD: &'static str = R::METHOD;
}

macro_rules! timed {
    ($times:expr, $editor:expr, $request:ty, $params:expr) => {{
        let params = $params;
        let start = Instant::now();
        let answer = $editor.ask::<Plain<$request>>(params).await;
        $times.add(<$request as Request>::METHOD, start.elapsed());
        serde_json::from_value::<<$request as Request>::Result>(answer).unwrap()
    }};
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_come_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut editor = Editor::start(folder.path(), false).await;
    let text = text();
    println!("{} lines, {} bytes", text.lines().count(), text.len());
    editor.open("long.flow", &text);
    let start = Instant::now();
    let found = editor.diagnostics("long.flow").await;
    println!("first diagnostics after {:?}", start.elapsed());
    assert_eq!(found, []);
    let mut times = Times(Vec::new());
    for round in 0..ROUNDS {
        // A key is pressed in the midst of the file, in a comment.
        let at = editor
            .text("long.flow")
            .find(&format!(" {}.\n", LINES / 20))
            .unwrap();
        editor.change("long.flow", at..at, if round % 2 == 0 { "x" } else { "y" });
        round_of(&editor, &mut times, round).await;
    }
    let start = Instant::now();
    editor.diagnostics("long.flow").await;
    println!("diagnostics of the last change after {:?}", start.elapsed());
    let mut slow = Vec::new();
    for (kind, mut found) in times.0 {
        found.sort();
        let (p50, p99, most) = (
            found[found.len() / 2],
            found[found.len() * 99 / 100],
            found[found.len() - 1],
        );
        println!(
            "{kind:36} p50 {:7.2} ms  p99 {:7.2} ms  max {:7.2} ms",
            ms(p50),
            ms(p99),
            ms(most)
        );
        if p99 > BOUND {
            slow.push(kind);
        }
    }
    assert!(slow.is_empty(), "slower than {BOUND:?}: {slow:?}");
    editor.stop().await;
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

async fn round_of(editor: &Editor, times: &mut Times, round: usize) {
    let file = "long.flow";
    let nth = 40 + round;
    let uri = || TextDocumentIdentifier {
        uri: editor.uri(file),
    };
    let argument = editor.at(file, &format!("task-{nth} = crunch-{nth}(n: |task"));
    let output = editor.at(file, &format!("n: task-{}.|sum", nth - 1));
    let target = editor.at(file, &format!("task-{nth} = |crunch"));
    let text_document_position = argument.clone();
    let completion = CompletionParams {
        text_document_position,
        work_done_progress_params: Default::default(),
        partial_result_params: Default::default(),
        context: None,
    };
    let Some(CompletionResponse::Array(items)) = timed!(times, editor, Completion, completion)
    else {
        panic!("nothing to complete")
    };
    assert!(items.len() > LINES * 2 / 25, "{}", items.len());
    let text_document_position_params = output.clone();
    assert!(
        timed!(
            times,
            editor,
            HoverRequest,
            HoverParams {
                text_document_position_params,
                work_done_progress_params: Default::default()
            }
        )
        .is_some()
    );
    let text_document_position_params = output;
    let definition = GotoDefinitionParams {
        text_document_position_params,
        work_done_progress_params: Default::default(),
        partial_result_params: Default::default(),
    };
    assert!(timed!(times, editor, GotoDefinition, definition).is_some());
    let references = ReferenceParams {
        text_document_position: target.clone(),
        work_done_progress_params: Default::default(),
        partial_result_params: Default::default(),
        context: ReferenceContext {
            include_declaration: true,
        },
    };
    assert_eq!(
        timed!(times, editor, References, references).unwrap().len(),
        2
    );
    let rename = RenameParams {
        text_document_position: target.clone(),
        new_name: "other".to_owned(),
        work_done_progress_params: Default::default(),
    };
    assert!(timed!(times, editor, Rename, rename).is_some());
    assert!(timed!(times, editor, PrepareRenameRequest, target).is_some());
    let symbols = DocumentSymbolParams {
        text_document: uri(),
        work_done_progress_params: Default::default(),
        partial_result_params: Default::default(),
    };
    assert!(timed!(times, editor, DocumentSymbolRequest, symbols).is_some());
    let tokens = SemanticTokensParams {
        text_document: uri(),
        work_done_progress_params: Default::default(),
        partial_result_params: Default::default(),
    };
    assert!(timed!(times, editor, SemanticTokensFullRequest, tokens).is_some());
    let formatting = DocumentFormattingParams {
        text_document: uri(),
        options: FormattingOptions::default(),
        work_done_progress_params: Default::default(),
    };
    timed!(times, editor, Formatting, formatting);
    let action = CodeActionParams {
        text_document: uri(),
        range: Range::default(),
        context: CodeActionContext::default(),
        work_done_progress_params: Default::default(),
        partial_result_params: Default::default(),
    };
    let actions = timed!(times, editor, CodeActionRequest, action).unwrap();
    assert_eq!(actions.len(), 1);
}

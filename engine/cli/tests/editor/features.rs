//! What each request is answered with.

use async_lsp::lsp_types::request::*;
use async_lsp::lsp_types::*;

use super::client::Editor;

const SHARED: &str = "// Things for all.
library shared {
  // Says a text.
  container say(text: string, loud: bool = false) {
    image busybox
    run echo \"${text}\"
    out said = file(\"/tmp/said\")
  }
}
";

const MAIN: &str = "// 😀 Flips a coin.
workflow coinflip(max_tries: int = 3) {
  on-exit notify

  steps main {
    flip = flip-coin(tries: max_tries)
    parallel {
      heads() when flip.result == \"heads\"
      told = shared/say(text: \"${flip.sides}\")
    }
  }

  script flip-coin(tries: int) {
    image python:alpine3.23
    python ```
    print(${tries})
    ```
    out sides: int = file(\"/tmp/sides\")
  }

  container heads { image busybox; run echo \"it 😀 ${max_tries} was\" }
  container notify { image busybox; run true }
}
";

const OLD: &str = "apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata:
  generateName: old-
spec:
  entrypoint: main
  templates:
  # The only one.
  - name: main
    steps:
    - - name: a
        templateRef: {name: shared, template: say}
        arguments:
          parameters:
          - name: text
            value: '{{workflow.name}}'
    - - name: b
        template: print
        arguments:
          parameters:
          - name: x
            value: '{{steps.a.outputs.parameters.said}}'
  - name: print
    inputs:
      parameters:
      - name: x
    container:
      image: busybox
      command: [echo, '{{inputs.parameters.x}}']
";

async fn editor() -> (tempfile::TempDir, Editor) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("shared.flow"), SHARED).unwrap();
    let mut editor = Editor::start(folder.path(), false).await;
    editor.open("main.flow", MAIN);
    editor.open("old.yaml", OLD);
    // The folder is read by now: no fault is found in what refers to it.
    while editor
        .diagnostics("main.flow")
        .await
        .iter()
        .any(|fault| fault.message.contains("shared"))
    {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    (folder, editor)
}

fn shown(location: &Location, editor: &Editor) -> String {
    let name = location
        .uri
        .path_segments()
        .unwrap()
        .next_back()
        .unwrap()
        .to_owned();
    let text = if name == "shared.flow" {
        SHARED
    } else {
        editor.text(&name)
    };
    let line = text
        .lines()
        .nth(location.range.start.line as usize)
        .unwrap();
    let units: Vec<u16> = line.encode_utf16().collect();
    let (start, end) = (
        location.range.start.character as usize,
        location.range.end.character as usize,
    );
    format!(
        "{name}:{}:{}",
        location.range.start.line + 1,
        String::from_utf16(&units[start..end]).unwrap()
    )
}

async fn definition(editor: &Editor, name: &str, context: &str) -> String {
    let text_document_position_params = editor.at(name, context);
    let params = GotoDefinitionParams {
        text_document_position_params,
        work_done_progress_params: Default::default(),
        partial_result_params: Default::default(),
    };
    match editor.ask::<GotoDefinition>(params).await {
        Some(GotoDefinitionResponse::Scalar(location)) => shown(&location, editor),
        other => format!("{other:?}"),
    }
}

async fn hover(editor: &Editor, name: &str, context: &str) -> String {
    let text_document_position_params = editor.at(name, context);
    let params = HoverParams {
        text_document_position_params,
        work_done_progress_params: Default::default(),
    };
    match editor
        .ask::<HoverRequest>(params)
        .await
        .map(|hover| hover.contents)
    {
        Some(HoverContents::Markup(text)) => text.value,
        other => format!("{other:?}"),
    }
}

async fn completion(editor: &Editor, name: &str, context: &str) -> Vec<String> {
    let params = CompletionParams {
        text_document_position: editor.at(name, context),
        work_done_progress_params: Default::default(),
        partial_result_params: Default::default(),
        context: None,
    };
    match editor.ask::<Completion>(params).await {
        Some(CompletionResponse::Array(items)) => {
            items.into_iter().map(|item| item.label).collect()
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_lead_to_what_they_stand_for() {
    let (_folder, editor) = editor().await;
    for (name, context, expected) in [
        ("main.flow", "on-exit |notify", "main.flow:22:notify"),
        ("main.flow", "flip = |flip-coin", "main.flow:13:flip-coin"),
        ("main.flow", "(|tries: max", "main.flow:13:tries"),
        ("main.flow", "tries: |max_tries", "main.flow:2:max_tries"),
        ("main.flow", "when |flip.result", "main.flow:6:flip"),
        ("main.flow", "flip.|sides}", "main.flow:18:sides"),
        ("main.flow", "shared/|say", "shared.flow:4:say"),
        ("main.flow", "|shared/", "shared.flow:2:shared"),
        ("main.flow", "say(|text", "shared.flow:4:text"),
        ("main.flow", "😀 ${|max_tries", "main.flow:2:max_tries"),
        ("old.yaml", "entrypoint: |main", "old.yaml:9:main"),
        ("old.yaml", "template: |print", "old.yaml:23:print"),
        ("old.yaml", "template: |say", "shared.flow:4:say"),
        ("old.yaml", "name: |text", "shared.flow:4:text"),
        ("old.yaml", "parameters.|said", "shared.flow:7:said"),
        ("old.yaml", "parameters.|x}}", "old.yaml:26:x"),
    ] {
        assert_eq!(
            definition(&editor, name, context).await,
            expected,
            "{context}"
        );
    }
    let params = ReferenceParams {
        text_document_position: editor.at("main.flow", "shared/|say"),
        work_done_progress_params: Default::default(),
        partial_result_params: Default::default(),
        context: ReferenceContext {
            include_declaration: true,
        },
    };
    let found = editor.ask::<References>(params).await.unwrap();
    let found: Vec<String> = found.iter().map(|place| shown(place, &editor)).collect();
    assert_eq!(
        found,
        ["main.flow:9:say", "old.yaml:12:say", "shared.flow:4:say"]
    );
    editor.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hovering_tells() {
    let (_folder, editor) = editor().await;
    for (name, context, expected) in [
        (
            "main.flow",
            "flip = |flip-coin",
            "script flip-coin(tries: int)",
        ),
        ("main.flow", "shared/|say", "Says a text."),
        ("main.flow", "say(|text", "text: string"),
        (
            "main.flow",
            "when |flip.result",
            "flip = flip-coin(tries: max_tries)",
        ),
        ("main.flow", "flip.|result", "What it printed"),
        ("main.flow", "|on-exit", "at the end"),
        ("main.flow", "|image python", "The container image"),
        ("main.flow", "heads() |when", "Only if the condition holds"),
        ("main.flow", "tries: |int)", "A whole number"),
        (
            "old.yaml",
            "|entrypoint:",
            "The template that a run starts with",
        ),
        ("old.yaml", "{{workflow.|name", "The name of the workflow"),
    ] {
        let told = hover(&editor, name, context).await;
        assert!(told.contains(expected), "{context}: {told}");
    }
    editor.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fits_is_offered() {
    let (_folder, mut editor) = editor().await;
    for (typed, wanted) in [
        ("fl|", &["flip-coin", "heads", "parallel", "shared/"][..]),
        ("x = |", &["flip-coin", "notify", "shared/"]),
        ("x = shared/|", &["say"]),
        ("x = flip-coin(|", &["tries: "]),
        (
            "x = shared/say(text: flip.|",
            &["sides", "result", "status"],
        ),
        ("x = heads() when |", &["flip", "max_tries", "workflow"]),
        ("x = heads() when workflow.|", &["name", "parameters"]),
        ("x = heads() |", &["when", "for", "after"]),
    ] {
        let before = editor.text("main.flow").to_owned();
        let at = before.find("    parallel").unwrap();
        let line = format!("    {}\n", typed.replace('|', ""));
        editor.change("main.flow", at..at, &line);
        let found = completion(&editor, "main.flow", &format!("    {typed}\n")).await;
        for label in wanted {
            assert!(
                found.iter().any(|found| found == label),
                "{typed}: {label} in {found:?}"
            );
        }
        editor.change("main.flow", at..at + line.len(), "");
        assert_eq!(editor.text("main.flow"), before);
    }
    let found = completion(&editor, "main.flow", "  on-exit |notify").await;
    assert_eq!(found, ["main", "flip-coin", "heads", "notify"]);
    let found = completion(&editor, "main.flow", "    |image python").await;
    for label in ["image", "run", "out", "retry", "securityContext", "env"] {
        assert!(
            found.iter().any(|found| found == label),
            "{label} in {found:?}"
        );
    }
    editor.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_block_does_not_silence_the_others() {
    let (_folder, mut editor) = editor().await;
    assert_eq!(editor.diagnostics("main.flow").await, []);
    let at = editor.text("main.flow").find("  container heads").unwrap();
    editor.change(
        "main.flow",
        at..at,
        "  container broken(x: { image busybox }\n\n",
    );
    let at = editor.text("main.flow").find("notify\n").unwrap();
    editor.change("main.flow", at..at + 6, "notifi");
    let found = editor.diagnostics("main.flow").await;
    let codes: Vec<String> = found
        .iter()
        .map(|fault| format!("{}:{:?}", fault.range.start.line + 1, fault.code))
        .collect();
    assert!(found.len() >= 2, "{codes:?}");
    assert!(
        found
            .iter()
            .any(|fault| fault.range.start.line == 2 && fault.message.contains("notify")),
        "{found:?}"
    );
    assert!(
        found.iter().any(|fault| fault.range.start.line >= 19),
        "{codes:?}"
    );
    // What was meant can be put right with one key.
    let fault = found
        .iter()
        .find(|fault| fault.range.start.line == 2)
        .unwrap()
        .clone();
    let actions = actions(&editor, "main.flow", vec![fault]).await;
    assert_eq!(actions[0].title, "Change to `notify`");
    editor.stop().await;
}

async fn actions(editor: &Editor, name: &str, diagnostics: Vec<Diagnostic>) -> Vec<CodeAction> {
    let params = CodeActionParams {
        text_document: TextDocumentIdentifier {
            uri: editor.uri(name),
        },
        range: Range::default(),
        context: CodeActionContext {
            diagnostics,
            ..CodeActionContext::default()
        },
        work_done_progress_params: Default::default(),
        partial_result_params: Default::default(),
    };
    let found = editor.ask::<CodeActionRequest>(params).await.unwrap();
    let action = |found| match found {
        CodeActionOrCommand::CodeAction(action) => action,
        CodeActionOrCommand::Command(command) => panic!("{command:?}"),
    };
    found.into_iter().map(action).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_converted() {
    let (_folder, editor) = editor().await;
    for (name, title, target, part) in [
        (
            "main.flow",
            "Convert to YAML",
            "main.yaml",
            "# 😀 Flips a coin.",
        ),
        (
            "old.yaml",
            "Convert to .flow",
            "old.flow",
            "// The only one.",
        ),
    ] {
        let action = actions(&editor, name, Vec::new()).await.pop().unwrap();
        assert_eq!(action.title, title);
        let Command {
            command, arguments, ..
        } = action.command.unwrap();
        let params = ExecuteCommandParams {
            command,
            arguments: arguments.unwrap(),
            work_done_progress_params: Default::default(),
        };
        editor.ask::<ExecuteCommand>(params).await;
        let Some(DocumentChanges::Operations(changes)) = editor.applied().await.document_changes
        else {
            panic!("no operations");
        };
        let [
            DocumentChangeOperation::Op(ResourceOp::Create(create)),
            DocumentChangeOperation::Edit(edit),
        ] = changes.as_slice()
        else {
            panic!("{changes:?}");
        };
        assert_eq!(create.uri, editor.uri(target));
        let OneOf::Left(edit) = &edit.edits[0] else {
            panic!("annotated")
        };
        assert!(edit.new_text.contains(part), "{}", edit.new_text);
    }
    editor.stop().await;
}

async fn rename(
    editor: &Editor,
    context: &str,
    new_name: &str,
) -> Result<Vec<(String, String)>, String> {
    let params = RenameParams {
        text_document_position: editor.at("main.flow", context),
        new_name: new_name.to_owned(),
        work_done_progress_params: Default::default(),
    };
    let edit = editor
        .server
        .request::<Rename>(params)
        .await
        .map_err(|error| error.to_string())?
        .unwrap();
    let mut edits = Vec::new();
    for (uri, changes) in edit.changes.unwrap() {
        for change in changes {
            edits.push((
                shown(
                    &Location {
                        uri: uri.clone(),
                        range: change.range,
                    },
                    editor,
                ),
                change.new_text,
            ));
        }
    }
    edits.sort();
    Ok(edits)
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_changed_everywhere_or_not_at_all() {
    let (_folder, editor) = editor().await;
    let pairs = |pairs: &[(&str, &str)]| {
        pairs
            .iter()
            .map(|(at, new)| ((*at).to_owned(), (*new).to_owned()))
            .collect::<Vec<_>>()
    };
    let found = rename(&editor, "shared/|say", "tell").await.unwrap();
    assert_eq!(
        found,
        pairs(&[
            ("main.flow:9:say", "tell"),
            ("old.yaml:12:say", "tell"),
            ("shared.flow:4:say", "tell")
        ])
    );
    let found = rename(&editor, "when |flip.result", "coin").await.unwrap();
    assert_eq!(
        found,
        pairs(&[
            ("main.flow:6:flip", "coin"),
            ("main.flow:8:flip", "coin"),
            ("main.flow:9:flip", "coin")
        ])
    );
    for (context, name, why) in [
        ("when |flip.result", "told", "there is another task `told`"),
        ("when |flip.result", "a b", "`a b` cannot name a task"),
        ("flip.|result", "x", "`result` is not yours to name"),
        ("|parallel", "x", "nothing here has a name"),
    ] {
        let refused = rename(&editor, context, name).await.unwrap_err();
        assert!(refused.contains(why), "{refused}");
    }
    editor.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_laid_out_and_outlined() {
    let (_folder, mut editor) = editor().await;
    let at = editor.text("main.flow").find("    image python").unwrap();
    editor.change("main.flow", at..at + 4, "");
    let params = DocumentFormattingParams {
        text_document: TextDocumentIdentifier {
            uri: editor.uri("main.flow"),
        },
        options: FormattingOptions::default(),
        work_done_progress_params: Default::default(),
    };
    let edits = editor.ask::<Formatting>(params).await.unwrap();
    let [edit] = edits.as_slice() else {
        panic!("{edits:?}")
    };
    assert!(
        edit.new_text.contains("    image python:alpine3.23"),
        "{edit:?}"
    );
    let params = DocumentSymbolParams {
        text_document: TextDocumentIdentifier {
            uri: editor.uri("main.flow"),
        },
        work_done_progress_params: Default::default(),
        partial_result_params: Default::default(),
    };
    let Some(DocumentSymbolResponse::Nested(found)) =
        editor.ask::<DocumentSymbolRequest>(params).await
    else {
        panic!("no symbols")
    };
    assert_eq!(found[0].name, "coinflip");
    let names: Vec<&str> = found[0]
        .children
        .as_ref()
        .unwrap()
        .iter()
        .map(|symbol| symbol.name.as_str())
        .collect();
    assert_eq!(names, ["max_tries", "main", "flip-coin", "heads", "notify"]);
    let params = SemanticTokensParams {
        text_document: TextDocumentIdentifier {
            uri: editor.uri("main.flow"),
        },
        work_done_progress_params: Default::default(),
        partial_result_params: Default::default(),
    };
    let Some(SemanticTokensResult::Tokens(tokens)) =
        editor.ask::<SemanticTokensFullRequest>(params).await
    else {
        panic!("no tokens")
    };
    assert!(tokens.data.len() > 20);
    editor.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_are_counted_where_an_editor_wants_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut editor = Editor::start(folder.path(), true).await;
    assert_eq!(
        editor.said.capabilities.position_encoding,
        Some(PositionEncodingKind::UTF8)
    );
    editor.open("main.flow", MAIN);
    let mut at = editor.at("main.flow", "😀 ${|max_tries");
    // Four bytes where UTF-16 counts two.
    at.position.character += 2;
    let params = GotoDefinitionParams {
        text_document_position_params: at,
        work_done_progress_params: Default::default(),
        partial_result_params: Default::default(),
    };
    let Some(GotoDefinitionResponse::Scalar(found)) = editor.ask::<GotoDefinition>(params).await
    else {
        panic!("nothing found")
    };
    assert_eq!(shown(&found, &editor), "main.flow:2:max_tries");
    editor.stop().await;
}

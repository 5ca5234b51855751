//! One line on every word, field and value that can be written: what hovering over it and completing it show.

type Lines = &'static [(&'static str, &'static str)];

/// Blocks at the top of a file.
pub const BLOCKS: Lines = &[
    (
        "workflow",
        "A workflow: `workflow NAME(parameter: type = value) { … }`. Its template `main`, or else its first, is where it starts",
    ),
    (
        "library",
        "Templates that others call as `NAME/TEMPLATE(…)`: a WorkflowTemplate",
    ),
    (
        "cluster",
        "`cluster library NAME { … }`: templates for all namespaces, called as `cluster NAME/TEMPLATE(…)`",
    ),
    (
        "cron",
        "A workflow that runs by the clock: `cron NAME \"0 3 * * *\" in \"Europe/Berlin\" { … }`",
    ),
    (
        "object",
        "An object of any other kind, field by field, such as a ConfigMap",
    ),
];

/// Kinds of templates.
pub const TEMPLATES: Lines = &[
    ("container", "Runs a program in a container"),
    (
        "script",
        "Runs code in a container; what it prints is its `result`",
    ),
    (
        "steps",
        "Calls other templates one after another; those in `parallel { … }` side by side",
    ),
    (
        "dag",
        "Calls other templates, each as soon as what it waits for is done",
    ),
    (
        "suspend",
        "Waits for a while, or until somebody lets it go on",
    ),
    (
        "resource",
        "Creates, changes or deletes an object of the cluster",
    ),
    (
        "http",
        "Makes an HTTP request; the response is its `result`",
    ),
    (
        "data",
        "Lists files of a storage and turns them into a list",
    ),
    (
        "plugin",
        "Done by a plug-in: the block holds its kind and fields",
    ),
    (
        "container-set",
        "Runs several containers in one pod, each after those it names",
    ),
    ("template", "A template all of whose fields are written out"),
];

/// Statements and short words.
pub const WORDS: Lines = &[
    (
        "entry",
        "The template that a run starts with; without it `main`, or else the first; `entry none` for none",
    ),
    (
        "on-exit",
        "The template that is called at the end, whatever the outcome",
    ),
    (
        "use",
        "Takes all templates of a library: `use NAME` or `use cluster NAME`",
    ),
    ("run", "The program and its arguments: `run echo \"hello\"`"),
    (
        "command",
        "The program that is started, in place of the image's own",
    ),
    ("args", "The arguments that the program gets"),
    ("source", "The code of a script"),
    (
        "sh",
        "A shell script, one line in quotes or several between ``` and ```",
    ),
    (
        "bash",
        "A Bash script, one line in quotes or several between ``` and ```",
    ),
    (
        "python",
        "A Python script, one line in quotes or several between ``` and ```",
    ),
    (
        "python3",
        "A Python script, one line in quotes or several between ``` and ```",
    ),
    (
        "node",
        "A JavaScript program, one line in quotes or several between ``` and ```",
    ),
    ("env", "Environment variables: `env { NAME: value }`"),
    ("mount", "Mounts a volume: `mount VOLUME at /path sub NAME`"),
    (
        "volume",
        "A volume: `volume NAME empty`, `volume NAME claim CLAIM`, `volume NAME secret SECRET`",
    ),
    (
        "claim",
        "A volume that is made for each run: `claim NAME 1Gi`",
    ),
    (
        "cpu",
        "Processor time: `cpu 500m` asks for it, `cpu ..1` allows it, `cpu 500m..1` does both",
    ),
    (
        "memory",
        "Memory: `memory 64Mi` asks for it, `memory ..1Gi` allows it, `memory 64Mi..1Gi` does both",
    ),
    ("storage", "Room on the node's disk: `storage 1Gi`"),
    (
        "out",
        "What a template gives: `out NAME = file(\"/path\")`, `out NAME at /path`, `out NAME = task.output`",
    ),
    (
        "retry",
        "Tries again after a failure: `retry 3 on error backoff 2s x2 max 1m if CONDITION`",
    ),
    ("sidecar", "A container that runs beside the main one"),
    ("init", "A container that runs before the main one"),
    (
        "mutex",
        "Runs only while nothing else holds the lock of this name",
    ),
    (
        "semaphore",
        "Runs only while there is room: `semaphore CONFIGMAP KEY`",
    ),
    (
        "memoize",
        "Takes the outputs of an earlier run: `memoize KEY in CONFIGMAP for 1h`",
    ),
    (
        "counter",
        "A Prometheus counter: `counter NAME = \"1\" \"what it counts\"`",
    ),
    (
        "gauge",
        "A Prometheus gauge: `gauge NAME = \"${duration}\" \"what it shows\"`",
    ),
    (
        "histogram",
        "A Prometheus histogram: `histogram NAME = \"${duration}\" \"what it shows\" { buckets: [1, 5] }`",
    ),
    (
        "hook",
        "Calls a template when something happens: `hook NAME = template(…) if CONDITION`",
    ),
    (
        "raw",
        "Any fields, as YAML has them, where there is no shorter form",
    ),
    ("parallel", "Steps that run side by side"),
    (
        "when",
        "Only if the condition holds: `when flip.result == \"heads\"`",
    ),
    (
        "for",
        "Once for each item: `for x in [1, 2]`, `for i in 1..10`, `for x in task.list`",
    ),
    (
        "after",
        "Waits for other tasks: `after a && (b.succeeded || c.failed)`",
    ),
    (
        "continue",
        "Goes on all the same: `continue on failed`, `continue on error`",
    ),
    ("if", "Only if the condition holds"),
    ("labels", "Labels: `labels { team: data }`"),
    ("annotations", "Annotations: `annotations { note: \"…\" }`"),
    ("namespace", "The namespace of the object"),
    (
        "description",
        "What the workflow is for; user interfaces show it",
    ),
    ("version", "The version of the workflow"),
    (
        "ready",
        "How to see that the container is ready: an HTTP path, a port or a command",
    ),
    ("alive", "How to see that the container is alive"),
    ("title", "The name that user interfaces show"),
    ("parallelism", "How many steps may run at once"),
    ("service-account", "The service account that pods run as"),
    ("deadline", "Seconds after which a run is ended"),
    ("priority", "Workflows of higher priority start first"),
    ("ttl", "Seconds after its end at which a run is deleted"),
    (
        "pod-gc",
        "When pods are deleted: OnPodCompletion, OnPodSuccess, OnWorkflowCompletion, OnWorkflowSuccess",
    ),
    (
        "artifact-gc",
        "When artifacts are deleted: OnWorkflowCompletion, OnWorkflowDeletion, Never",
    ),
    (
        "node-selector",
        "Labels that a machine must have to run the pods",
    ),
    ("pod-patch", "A patch for each pod, as YAML or JSON text"),
    ("pod-labels", "Labels of each pod"),
    ("pod-annotations", "Annotations of each pod"),
    (
        "concurrency",
        "When the last run still goes on: allow, forbid or replace",
    ),
    (
        "starting-deadline",
        "Seconds after its time at which a missed run may still start",
    ),
    ("keep-succeeded", "How many succeeded runs are kept"),
    ("keep-failed", "How many failed runs are kept"),
    ("only-if", "An expression that decides whether a run starts"),
    (
        "timeout",
        "How long the step may take, waiting included: `timeout 10m`",
    ),
    ("daemon", "Goes on in the background once it is ready"),
    ("fail-fast", "Whether one failure ends what runs beside it"),
    (
        "image",
        "The container image, if it does not stand in the head: `container NAME in IMAGE`",
    ),
    ("workdir", "The folder that the program starts in"),
    (
        "pull",
        "When the image is pulled: Always, IfNotPresent, Never",
    ),
    (
        "action",
        "What is done: get, create, apply, delete, replace or patch",
    ),
    ("merge", "How a patch is merged: strategic, merge or json"),
    ("success", "A condition under which the step has succeeded"),
    ("failure", "A condition under which the step has failed"),
    (
        "owned",
        "Whether the object is deleted together with the workflow",
    ),
    (
        "duration",
        "How long to wait: `duration 30s`; without it, until somebody lets it go on",
    ),
    (
        "target",
        "Names of the tasks that are wanted; only these and what they need run",
    ),
];

/// Types of parameters.
pub const TYPES: Lines = &[
    ("string", "Any text"),
    ("int", "A whole number"),
    ("float", "A number"),
    ("bool", "`true` or `false`"),
    ("duration", "A time span: `30s`, `5m`, `1h30m`"),
    ("json", "Any JSON value"),
    (
        "list",
        "A JSON list, all of whose items are of one type: `list<int>`",
    ),
    ("enum", "One of a few texts: `enum(dev, prod)`"),
    (
        "artifact",
        "A file or folder: `NAME at /path`, or `artifact NAME` without a place",
    ),
];

/// Where outputs come from.
pub const SOURCES: Lines = &[
    ("file", "What a file holds: `file(\"/tmp/x\")`"),
    (
        "json",
        "A JSONPath into the response or object: `json(\"$.title\")`",
    ),
    ("jq", "A jq filter on the object: `jq(\".status\")`"),
    ("supplied", "Given by whoever lets the step go on"),
    (
        "configmap",
        "A value of a ConfigMap: `configmap(NAME, KEY)`",
    ),
    (
        "event",
        "An expression on the event that started the workflow",
    ),
];

/// Results in `after`.
pub const RESULTS: Lines = &[
    ("succeeded", "The task has succeeded"),
    ("failed", "The task has failed"),
    ("errored", "The task has ended in an error"),
    (
        "skipped",
        "The task was skipped: its condition did not hold",
    ),
    (
        "omitted",
        "The task was left out: what it waits for did not come",
    ),
    ("daemoned", "The task runs in the background and is ready"),
    ("any-succeeded", "One of the loop's tasks has succeeded"),
    ("all-failed", "All of the loop's tasks have failed"),
];

/// What every step or task has.
pub const OF_A_TASK: Lines = &[
    ("result", "What it printed; for a loop, a list of that"),
    ("exitCode", "The number that its program ended with"),
    (
        "status",
        "Its phase: Succeeded, Failed, Error, Skipped, Omitted",
    ),
    ("id", "The ID of its node"),
    ("ip", "The address of its pod, for a daemon"),
    ("startedAt", "When it began"),
    ("finishedAt", "When it ended"),
    ("hostNodeName", "The machine that it ran on"),
    ("name", "Its name"),
    (
        "outputs",
        "All that it gives: `outputs.parameters.x`, `outputs.artifacts.y`",
    ),
];

/// What `workflow.` holds.
pub const OF_THE_WORKFLOW: Lines = &[
    ("name", "The name of the workflow"),
    ("namespace", "The namespace of the workflow"),
    ("uid", "The unique ID of the workflow"),
    (
        "parameters",
        "Its arguments: `workflow.parameters.x`, or all as JSON",
    ),
    ("labels", "Its labels: `workflow.labels.x`, or all as JSON"),
    (
        "annotations",
        "Its annotations: `workflow.annotations.x`, or all as JSON",
    ),
    (
        "outputs",
        "Outputs that steps have given to the whole: `workflow.outputs.parameters.x`",
    ),
    ("serviceAccountName", "The service account that it runs as"),
    ("mainEntrypoint", "The template that it started with"),
    (
        "creationTimestamp",
        "When it was made; `workflow.creationTimestamp.RFC3339` and strftime letters",
    ),
    ("priority", "Its priority"),
    ("scheduledTime", "The time that a cron meant it to start at"),
    ("status", "Its phase; at the end only"),
    ("failures", "What failed, as JSON; at the end only"),
    ("duration", "Seconds that it took; at the end only"),
];

/// Names that begin paths.
pub const ROOTS: Lines = &[
    (
        "workflow",
        "The workflow: `workflow.name`, `workflow.parameters.x`",
    ),
    (
        "inputs",
        "What the template was given: `inputs.parameters.x`",
    ),
    ("outputs", "What the template gives; for metrics and hooks"),
    ("steps", "The steps: `steps.x.outputs.result`"),
    ("tasks", "The tasks: `tasks.x.outputs.result`"),
    ("item", "The item of the loop"),
    ("pod", "The pod: `pod.name`"),
    ("node", "The node: `node.name`"),
    ("retries", "How often it was tried again"),
    (
        "lastRetry",
        "The last try: `lastRetry.exitCode`, `lastRetry.status`, `lastRetry.duration`, `lastRetry.message`",
    ),
    ("duration", "Seconds that it took; for metrics"),
    ("status", "The phase; for metrics"),
    (
        "exitCode",
        "The number that the program ended with; for metrics",
    ),
    (
        "cronworkflow",
        "The cron: `cronworkflow.name`, `cronworkflow.lastScheduledTime`",
    ),
];

/// The line of `name` in a table.
#[must_use]
pub fn line(table: Lines, name: &str) -> Option<&'static str> {
    table
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, line)| *line)
}

/// What is known of a path such as `workflow.name`, `task.status`, `result.failed`.
#[must_use]
pub fn known(path: &str) -> Option<&'static str> {
    let (root, rest) = path.split_once('.').unwrap_or((path, ""));
    let first = rest.split('.').next().unwrap_or_default();
    let table = match root {
        "task" => OF_A_TASK,
        "result" => RESULTS,
        "workflow" if !first.is_empty() => OF_THE_WORKFLOW,
        _ => return line(ROOTS, root),
    };
    line(table, first)
}

/// The line of a statement's first word.
#[must_use]
pub fn word(word: &str) -> Option<&'static str> {
    [BLOCKS, TEMPLATES, WORDS]
        .iter()
        .find_map(|table| line(table, word))
}

/// The line of a field of the wire types.
#[must_use]
pub fn field(name: &str) -> Option<&'static str> {
    line(FIELDS, name)
}

/// Fields as YAML has them, and as blocks have them for which there is no shorter word.
pub const FIELDS: Lines = super::fields::FIELDS;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words;

    #[test]
    fn every_word_has_a_line() {
        let tables = [
            words::METADATA,
            words::SPEC,
            words::CRON,
            words::TEMPLATE,
            words::CONTAINER,
            words::RESOURCE,
            words::HTTP,
            words::SUSPEND,
            words::DAG,
        ];
        let short = tables
            .iter()
            .flat_map(|table| table.iter().map(|(word, _)| *word));
        let without: Vec<&str> = short.filter(|name| word(name).is_none()).collect();
        assert!(without.is_empty(), "{without:?}");
        let without: Vec<&str> = crate::outline::TEMPLATES
            .into_iter()
            .filter(|name| line(TEMPLATES, name).is_none())
            .collect();
        assert!(without.is_empty(), "{without:?}");
        let known = |name: &&str| field(name).is_some() || word(name).is_some();
        let fields = words::TEMPLATE_FIELDS
            .iter()
            .chain(&words::CRON_FIELDS)
            .chain(&words::OBJECT_FIELDS);
        let without: Vec<&&str> = fields.filter(|name| !known(name)).collect();
        assert!(without.is_empty(), "{without:?}");
    }

    #[test]
    fn no_name_stands_twice_in_a_table() {
        for table in [
            BLOCKS,
            TEMPLATES,
            WORDS,
            TYPES,
            SOURCES,
            RESULTS,
            OF_A_TASK,
            OF_THE_WORKFLOW,
            ROOTS,
            FIELDS,
        ] {
            let mut names: Vec<&str> = table.iter().map(|(name, _)| *name).collect();
            names.sort_unstable();
            let twice: Vec<_> = names.windows(2).filter(|pair| pair[0] == pair[1]).collect();
            assert!(twice.is_empty(), "{twice:?}");
        }
    }
}

//! What can be typed: every command, flag and value of `tiphys`, and the words of `--help`. Nothing here acts.

mod cluster;
mod plugin;

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::ArgValueCompleter;

pub use cluster::{
    ClusterTemplate, Cron, CronCommand, Doomed, Follow, Make, Named, ObjectOutput, Objects, Reach,
    Source, Submit, Template, TemplateCommand,
};
pub use plugin::*;

use crate::complete;
use crate::notation::Notation;

const EXIT_CODES: &str = "\
Exit codes:
  0    done
  1    the workflow failed, or was stopped
  2    bad input or usage; for `lint`: errors were found
  101  a bug in tiphys itself
  130  interrupted by Ctrl-C

Environment:
  TIPHYS_HOME       where runs are kept (default: ~/.local/state/tiphys)
  TIPHYS_NAMESPACE  as if `--namespace` was given: verbs act on a cluster
  TIPHYS_CONTEXT    as if `--context` was given: verbs act on a cluster
  TIPHYS_LOG        what to log, such as `debug` or `tiphys_core=trace`
  NO_COLOR          no colours";

const EXAMPLES: &str = "\
Examples:
  tiphys run hello.yaml                   run a workflow on this machine
  tiphys run ci.yaml -p branch=main       … with a parameter
  tiphys lint workflows/                  check every file of a folder
  tiphys convert ci.yaml --out ci.flow    say it shorter
  tiphys graph ci.yaml -o svg > ci.svg    draw it
  tiphys get @latest                      the newest run, step by step
  tiphys why @latest                      what it waits for, or why it failed
  tiphys logs @latest -f                  follow its logs

In a cluster (-n, --context or --kubeconfig has a verb act there):
  tiphys submit hello.yaml -n ci --watch  hand a workflow to its controller
  tiphys list -n ci                       what is there
  tiphys why @latest -n ci                what it waits for, or why it failed
";

/// Run workflows written for Argo Workflows, on this machine without a cluster, or in one.
#[derive(Parser, Debug)]
#[command(
    name = "tiphys",
    version,
    max_term_width = 100,
    disable_help_subcommand = true
)]
#[command(after_help = const_str(EXAMPLES), after_long_help = long_after())]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

fn const_str(text: &'static str) -> &'static str {
    text.trim_end()
}

fn long_after() -> String {
    format!("{EXAMPLES}\n{EXIT_CODES}")
}

#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// When to use colours
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "WHEN",
        hide_possible_values = true
    )]
    pub color: When,
    /// Write ASCII characters only
    #[arg(long, global = true)]
    pub no_utf8: bool,
    /// Say more of what is done (-vv: everything)
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
    /// Where runs are kept
    #[arg(long, global = true, env = "TIPHYS_HOME", hide_env = true, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub home: Option<PathBuf>,
    #[command(flatten)]
    pub reach: Reach,
}

/// auto, always or never
#[derive(ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum When {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    Always,
    Never,
}

#[derive(Subcommand, Debug)]
pub enum Command {
    Run(Box<Run>),
    Submit(Box<Submit>),
    Lint(Lint),
    Fmt(Fmt),
    Convert(Convert),
    Lsp(Lsp),
    Graph(Graph),
    List(List),
    Get(Get),
    Why(Why),
    Logs(Logs),
    Watch(Watch),
    Wait(Wait),
    Suspend(Suspend),
    Resume(Resume),
    Stop(Stop),
    Terminate(Terminate),
    Retry(Retry),
    Resubmit(Resubmit),
    Node(Node),
    Delete(Delete),
    Cp(Copy),
    Cron(Cron),
    Template(Template),
    ClusterTemplate(ClusterTemplate),
    Plugin(Plugin),
    Completion(Completion),
    Version(Version),
}

/// Run workflows on this machine
///
/// FILE holds a Workflow, or a WorkflowTemplate or CronWorkflow to run once. Several documents may stand in a file, and
/// several files may be given: their Workflows run one after another, and WorkflowTemplates, ClusterWorkflowTemplates,
/// ConfigMaps and Secrets in any of them can be referred to.
#[derive(Args, Debug)]
#[command(after_help = const_str("\
Examples:
  tiphys run hello.yaml
  tiphys run ci.yaml -p branch=main -p commit=4f2a --logs
  tiphys run main.yaml --with templates/
  tiphys run nightly.yaml -o json | jq .status.phase
  tiphys run greet.yaml --plugin greet.wasm --allow-http people.example.test
  generate | tiphys run -

While it runs, Ctrl-C stops it (exit handlers still run), a second Ctrl-C terminates it, a third kills at once."))]
pub struct Run {
    /// Files to run; `-` is standard input
    #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub files: Vec<PathBuf>,
    /// Set an argument of the workflow
    #[arg(short, long = "parameter", value_name = "NAME=VALUE", value_parser = pair)]
    pub parameters: Vec<(String, String)>,
    /// Take arguments from a YAML or JSON map; -p wins
    #[arg(short = 'f', long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub parameter_file: Option<PathBuf>,
    /// Start at this template
    #[arg(long, value_name = "TEMPLATE")]
    pub entrypoint: Option<String>,
    /// Name the run
    #[arg(long, value_name = "NAME", conflicts_with = "generate_name")]
    pub name: Option<String>,
    /// Name the run with this prefix and a random end
    #[arg(long, value_name = "PREFIX")]
    pub generate_name: Option<String>,
    /// Give objects beside the workflow: templates, ConfigMaps, Secrets; a file or a folder
    #[arg(long, value_name = "FILE|DIR", value_hint = ValueHint::AnyPath)]
    pub with: Vec<PathBuf>,
    /// Add labels to the workflow
    #[arg(short, long, value_name = "KEY=VALUE,…", value_delimiter = ',', value_parser = pair)]
    pub labels: Vec<(String, String)>,
    /// What steps run in (default: docker if an engine answers, else host)
    #[arg(
        long,
        value_enum,
        value_name = "KIND",
        env = "TIPHYS_SANDBOX",
        hide_env = true
    )]
    pub sandbox: Option<Sandbox>,
    /// How many steps may run at once
    #[arg(long, value_name = "N")]
    pub parallelism: Option<usize>,
    /// Print the logs of the steps as they come
    #[arg(long, visible_alias = "log")]
    pub logs: bool,
    /// Show how it goes on while it runs
    #[arg(long, value_name = "BOOL", default_value_t = true, num_args = 0..=1, default_missing_value = "true", require_equals = true, action = ArgAction::Set)]
    pub watch: bool,
    /// What to print of each finished workflow on standard output
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    pub output: Option<RunOutput>,
    #[command(flatten)]
    pub plugins: Plugins,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sandbox {
    /// Processes of this machine, each in its own copy-on-write view of it
    Host,
    /// Containers of Docker or Podman
    Docker,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunOutput {
    /// The whole Workflow object
    Json,
    /// The whole Workflow object
    Yaml,
    /// The tree, with all nodes and columns
    Wide,
    /// The name of the run
    Name,
}

/// Check files without running anything
///
/// Every object of every file is checked as far as it can be without running it: fields, names, references, expressions,
/// loops, dependencies. The objects of one file, and all that are given together, may refer to each other.
#[derive(Args, Debug)]
#[command(after_help = const_str("\
Examples:
  tiphys lint ci.yaml
  tiphys lint workflows/ --strict
  tiphys lint -o github .        annotate a pull request
  generate | tiphys lint -

Exits with 0 if there are no errors, 2 if there are."))]
pub struct Lint {
    /// Files or folders (*.flow, *.yaml, *.yml, *.json); `-` is standard input
    #[arg(default_value = ".", value_name = "FILE|DIR", value_hint = ValueHint::AnyPath)]
    pub paths: Vec<PathBuf>,
    /// How to print what is found
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    pub output: LintOutput,
    /// Take referenced templates from the given files only: any other is an error
    #[arg(long)]
    pub offline: bool,
    /// Treat warnings as errors
    #[arg(long)]
    pub strict: bool,
    /// What to call standard input; its ending says what it holds
    #[arg(long, value_name = "NAME")]
    pub stdin_name: Option<String>,
    /// Take template kinds from these plug-ins too: components (.wasm), projects, folders of components, oci://…@sha256:…
    #[arg(long, value_name = "FILE|DIR|OCI", value_hint = ValueHint::AnyPath)]
    pub plugin: Vec<PathBuf>,
}

/// Plug-ins, and what they are allowed.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Plug-ins")]
pub struct Plugins {
    /// Take template kinds from these plug-ins too: components (.wasm), projects, folders of components, oci://…@sha256:…
    #[arg(long, value_name = "FILE|DIR|OCI", value_hint = ValueHint::AnyPath)]
    pub plugin: Vec<PathBuf>,
    /// Take plug-ins from registries only if they are signed with this key
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub plugin_key: Option<PathBuf>,
    #[command(flatten)]
    pub allowed: Allowed,
}

/// What plug-ins are allowed: nothing, unless it is said.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Plug-ins")]
pub struct Allowed {
    /// Let plug-ins send HTTP requests to a host (`*.example.com`, `*`: public addresses only)
    #[arg(long, value_name = "HOST[:PORT]", value_hint = ValueHint::Hostname)]
    pub allow_http: Vec<String>,
    /// Let plug-ins read a folder; without NAME, they know it by its last part
    #[arg(long, value_name = "[NAME=]DIR", value_hint = ValueHint::DirPath)]
    pub allow_dir: Vec<String>,
    /// Let plug-ins read a Secret that is given beside the workflow
    #[arg(long, value_name = "NAME")]
    pub allow_secret: Vec<String>,
    /// Take grants from a file of PluginGrant objects: who may have what, and limits
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub grants: Vec<PathBuf>,
}

#[derive(ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LintOutput {
    /// For people: with the text concerned
    #[default]
    Human,
    /// One line each
    Simple,
    /// An array of objects
    Json,
    /// Workflow commands of GitHub Actions
    Github,
}

/// Put .flow files in their one form
///
/// Line ends, indentation, quotes and order of modifiers become the same everywhere; what a file means, and its comments,
/// stay. There is nothing to set.
#[derive(Args, Debug)]
#[command(after_help = const_str("\
Examples:
  tiphys fmt
  tiphys fmt ci.flow --diff      show what would change
  tiphys fmt --check flows/      for CI: exit with 1 if anything would change
  tiphys fmt - < ci.flow         from standard input to standard output"))]
pub struct Fmt {
    /// Files or folders (*.flow); `-` is standard input
    #[arg(default_value = ".", value_name = "FILE|DIR", value_hint = ValueHint::AnyPath)]
    pub paths: Vec<PathBuf>,
    /// Write nothing: name the files that would change, and exit with 1 if there are any
    #[arg(long)]
    pub check: bool,
    /// Write nothing: show what would change
    #[arg(long)]
    pub diff: bool,
    /// What to call standard input
    #[arg(long, value_name = "NAME")]
    pub stdin_name: Option<String>,
}

/// Convert workflows between YAML, JSON and .flow, comments kept
///
/// The ending of a file's name says what it holds. Where nothing says what to make, YAML and JSON become .flow and .flow
/// becomes YAML.
#[derive(Args, Debug)]
#[command(after_help = const_str("\
Examples:
  tiphys convert ci.yaml --out ci.flow
  tiphys convert ci.flow                       print it as YAML
  tiphys convert workflows/ --out flows/       a folder and its folders
  kubectl get wf ci -o yaml | tiphys convert - --to flow
  tiphys convert workflows/ --stats            only say how much shorter it would be"))]
pub struct Convert {
    /// Files or folders (*.flow, *.yaml, *.yml, *.json); `-` is standard input
    #[arg(required = true, value_name = "FILE|DIR", value_hint = ValueHint::AnyPath)]
    pub paths: Vec<PathBuf>,
    /// The file to write, or the folder; without it, standard output
    #[arg(short, long, value_name = "FILE|DIR", value_hint = ValueHint::AnyPath)]
    pub out: Option<PathBuf>,
    /// What to make
    #[arg(long, value_enum, value_name = "NOTATION")]
    pub to: Option<Notation>,
    /// Say how many lines and characters (blanks aside) there are before and after
    #[arg(long)]
    pub stats: bool,
    /// What to call standard input; its ending says what it holds
    #[arg(long, value_name = "NAME")]
    pub stdin_name: Option<String>,
}

/// Serve an editor: the language server, on standard input and output
///
/// Editors start this themselves; the folder sdk/editors says what to put into their settings.
#[derive(Args, Debug)]
pub struct Lsp {
    /// Talk over standard input and output, as it always does
    #[arg(long, hide = true)]
    pub stdio: bool,
    /// Take template kinds from these plug-ins too: components (.wasm), projects, folders of components, oci://…@sha256:…
    #[arg(long, value_name = "FILE|DIR|OCI", value_hint = ValueHint::AnyPath)]
    pub plugin: Vec<PathBuf>,
}

/// Draw a workflow
///
/// Shows what calls what: DAG layers, groups of steps, loops, conditions, retries and hooks.
#[derive(Args, Debug)]
#[command(after_help = const_str("\
Examples:
  tiphys graph ci.yaml
  tiphys graph ci.yaml -o svg > ci.svg
  tiphys graph ci.yaml -o dot | dot -Tpng > ci.png
  tiphys graph ci.yaml -o mermaid --depth 1"))]
pub struct Graph {
    /// File to draw; `-` is standard input
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
    /// What to draw it as
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    pub output: GraphOutput,
    /// Start at this template
    #[arg(long, value_name = "TEMPLATE")]
    pub entrypoint: Option<String>,
    /// How deep to open templates inside templates
    #[arg(long, value_name = "N")]
    pub depth: Option<usize>,
    /// Give objects beside the workflow
    #[arg(long, value_name = "FILE|DIR", value_hint = ValueHint::AnyPath)]
    pub with: Vec<PathBuf>,
    /// Take template kinds from these plug-ins too: components (.wasm), projects, folders of components, oci://…@sha256:…
    #[arg(long, value_name = "FILE|DIR|OCI", value_hint = ValueHint::AnyPath)]
    pub plugin: Vec<PathBuf>,
}

#[derive(ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GraphOutput {
    /// A tree for the terminal
    #[default]
    Text,
    /// Graphviz
    Dot,
    /// Mermaid flowchart
    Mermaid,
    /// A picture
    Svg,
}

/// List runs
#[derive(Args, Debug)]
#[command(visible_alias = "ls")]
pub struct List {
    /// How to print them
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    pub output: ListOutput,
    #[command(flatten)]
    pub filter: Filter,
    /// Leave out the line of column names
    #[arg(long)]
    pub no_headers: bool,
    /// In a cluster: those of all namespaces
    #[arg(short = 'A', long, help_heading = "Cluster options")]
    pub all_namespaces: bool,
}

/// Which runs are meant.
#[derive(Args, Debug, Default, Clone)]
pub struct Filter {
    /// Only those that have not ended
    #[arg(long, conflicts_with = "completed")]
    pub running: bool,
    /// Only those that have ended
    #[arg(long)]
    pub completed: bool,
    /// Only those in one of these phases
    #[arg(long, value_name = "PHASE,…", value_delimiter = ',')]
    pub status: Vec<String>,
    /// Only those whose name starts so
    #[arg(long, value_name = "TEXT")]
    pub prefix: Option<String>,
    /// Only those that began less than this long ago, such as 10m, 3h, 1d
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub since: Option<jiff::SignedDuration>,
    /// Only those that ended longer ago than this
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub older: Option<jiff::SignedDuration>,
    /// Only those with these labels
    #[arg(short = 'l', long, value_name = "KEY=VALUE,…", value_delimiter = ',', value_parser = pair)]
    pub selector: Vec<(String, String)>,
}

#[derive(ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ListOutput {
    /// A table
    #[default]
    Table,
    /// A table with more columns
    Wide,
    /// Names only
    Name,
    /// An array of Workflow objects
    Json,
    /// A list of Workflow objects
    Yaml,
}

/// Show runs, step by step
#[derive(Args, Debug)]
pub struct Get {
    /// Runs; `@latest` is the newest
    #[arg(required = true, value_name = "NAME", add = ArgValueCompleter::new(complete::runs))]
    pub names: Vec<String>,
    /// How to print them
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    pub output: GetOutput,
    #[command(flatten)]
    pub nodes: NodeFilter,
}

/// Which nodes of a run are shown.
#[derive(Args, Debug, Default, Clone)]
pub struct NodeFilter {
    /// Only nodes in one of these phases
    #[arg(
        long,
        value_name = "PHASE,…",
        value_delimiter = ',',
        conflicts_with = "node_field_selector"
    )]
    pub status: Vec<String>,
    /// Only nodes that match, such as displayName=approve or phase!=Succeeded
    #[arg(long, value_name = "SELECTOR")]
    pub node_field_selector: Option<String>,
}

#[derive(ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GetOutput {
    /// A header and a tree
    #[default]
    Tree,
    /// All nodes and columns
    Wide,
    /// The tree alone
    Short,
    /// Names only
    Name,
    /// The whole Workflow object
    Json,
    /// The whole Workflow object
    Yaml,
}

/// Say why a run, or a node of it, waits or ended as it did
#[derive(Args, Debug)]
#[command(after_help = const_str("\
Examples:
  tiphys why @latest
  tiphys why ci-x7k2p deploy
  tiphys why ci-x7k2p -o json
  tiphys why ci-x7k2p -n ci        in a cluster"))]
pub struct Why {
    /// The run; `@latest` is the newest
    #[arg(value_name = "NAME", add = ArgValueCompleter::new(complete::runs))]
    pub name: String,
    /// A node: its name, display name or ID
    #[arg(value_name = "NODE")]
    pub node: Option<String>,
    /// How to print it
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    pub output: WhyOutput,
}

#[derive(ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhyOutput {
    #[default]
    Text,
    Json,
}

/// Print the logs of a run
#[derive(Args, Debug, Default)]
#[command(after_help = const_str("\
Examples:
  tiphys logs @latest
  tiphys logs ci-x7k2p build -f
  tiphys logs ci-x7k2p --grep error --tail 20
  tiphys logs ci-x7k2p -n ci -f    in a cluster"))]
pub struct Logs {
    /// The run; `@latest` is the newest
    #[arg(value_name = "NAME", add = ArgValueCompleter::new(complete::runs))]
    pub name: String,
    /// Only this node: its name, display name, ID or pod name
    #[arg(value_name = "NODE")]
    pub node: Option<String>,
    /// Go on as lines come, until the run ends
    #[arg(short, long)]
    pub follow: bool,
    /// Only this container
    #[arg(short, long, value_name = "NAME")]
    pub container: Option<String>,
    /// Only the last lines of each container
    #[arg(long, value_name = "N")]
    pub tail: Option<usize>,
    /// Only lines written less than this long ago
    #[arg(long, value_name = "DURATION", value_parser = duration, conflicts_with = "since_time")]
    pub since: Option<jiff::SignedDuration>,
    /// Only lines written at or after this time (RFC 3339)
    #[arg(long, value_name = "TIME")]
    pub since_time: Option<jiff::Timestamp>,
    /// Only lines that match this regular expression
    #[arg(long, value_name = "REGEX")]
    pub grep: Option<String>,
    /// Print when each line was written
    #[arg(long)]
    pub timestamps: bool,
    /// Leave out the name of the pod before each line
    #[arg(long)]
    pub no_prefix: bool,
}

/// Watch a run until it ends
#[derive(Args, Debug)]
pub struct Watch {
    /// The run; `@latest` is the newest
    #[arg(value_name = "NAME", add = ArgValueCompleter::new(complete::runs))]
    pub name: String,
    #[command(flatten)]
    pub nodes: NodeFilter,
}

/// Wait until runs have ended
#[derive(Args, Debug)]
pub struct Wait {
    /// Runs; `@latest` is the newest
    #[arg(required = true, value_name = "NAME", add = ArgValueCompleter::new(complete::runs))]
    pub names: Vec<String>,
    /// A run that does not exist is as good as ended
    #[arg(long)]
    pub ignore_not_found: bool,
}

/// Start nothing new in a run; what runs goes on
#[derive(Args, Debug)]
pub struct Suspend {
    /// Runs; `@latest` is the newest
    #[arg(required = true, value_name = "NAME", add = ArgValueCompleter::new(complete::unfinished))]
    pub names: Vec<String>,
}

/// Let a suspended run go on, or take up a run whose terminal is gone
///
/// Ends the suspend steps that are reached (or those that match a selector). Where the process that ran the workflow was
/// killed, the run is taken up again in this terminal, from where it was.
#[derive(Args, Debug)]
pub struct Resume {
    /// Runs; `@latest` is the newest
    #[arg(required = true, value_name = "NAME", add = ArgValueCompleter::new(complete::unfinished))]
    pub names: Vec<String>,
    /// Only suspend nodes that match, such as displayName=approve
    #[arg(long, value_name = "SELECTOR")]
    pub node_field_selector: Option<String>,
    /// Set an output of the suspend nodes
    #[arg(short = 'p', long = "output-parameter", value_name = "NAME=VALUE", value_parser = pair)]
    pub outputs: Vec<(String, String)>,
    /// What the nodes will say
    #[arg(short, long, value_name = "TEXT")]
    pub message: Option<String>,
    #[command(flatten)]
    pub view: View,
}

/// How a run is shown that is run in this terminal.
#[derive(Args, Debug, Default, Clone)]
pub struct View {
    /// Print the logs of the steps as they come
    #[arg(long, visible_alias = "log")]
    pub logs: bool,
    /// What to print of the finished workflow on standard output
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    pub output: Option<RunOutput>,
    /// What steps run in
    #[arg(
        long,
        value_enum,
        value_name = "KIND",
        env = "TIPHYS_SANDBOX",
        hide_env = true
    )]
    pub sandbox: Option<Sandbox>,
    #[command(flatten)]
    pub follow: Follow,
}

/// Stop runs; their exit handlers run
#[derive(Args, Debug)]
pub struct Stop {
    /// Runs; `@latest` is the newest
    #[arg(required = true, value_name = "NAME", add = ArgValueCompleter::new(complete::unfinished))]
    pub names: Vec<String>,
    /// What the stopped nodes will say
    #[arg(short, long, value_name = "TEXT")]
    pub message: Option<String>,
    /// Fail only the suspend nodes that match
    #[arg(long, value_name = "SELECTOR")]
    pub node_field_selector: Option<String>,
}

/// End runs at once, without exit handlers
#[derive(Args, Debug)]
pub struct Terminate {
    /// Runs; `@latest` is the newest
    #[arg(required = true, value_name = "NAME", add = ArgValueCompleter::new(complete::unfinished))]
    pub names: Vec<String>,
}

/// Run what failed in a run again
#[derive(Args, Debug)]
pub struct Retry {
    /// Runs; `@latest` is the newest
    #[arg(required = true, value_name = "NAME", add = ArgValueCompleter::new(complete::finished))]
    pub names: Vec<String>,
    /// Set an argument of the workflow
    #[arg(short, long = "parameter", value_name = "NAME=VALUE", value_parser = pair)]
    pub parameters: Vec<(String, String)>,
    /// Also run again the successful nodes that the selector matches
    #[arg(long, requires = "node_field_selector")]
    pub restart_successful: bool,
    /// The nodes to run again
    #[arg(long, value_name = "SELECTOR")]
    pub node_field_selector: Option<String>,
    #[command(flatten)]
    pub view: View,
}

/// Run the workflow of an old run anew
#[derive(Args, Debug)]
pub struct Resubmit {
    /// Runs; `@latest` is the newest
    #[arg(required = true, value_name = "NAME", add = ArgValueCompleter::new(complete::runs))]
    pub names: Vec<String>,
    /// Set an argument of the workflow
    #[arg(short, long = "parameter", value_name = "NAME=VALUE", value_parser = pair)]
    pub parameters: Vec<(String, String)>,
    /// Take over what succeeded in the old run
    #[arg(long)]
    pub memoized: bool,
    #[command(flatten)]
    pub view: View,
}

/// Change nodes of a run
#[derive(Args, Debug)]
pub struct Node {
    #[command(subcommand)]
    pub command: NodeCommand,
}

#[derive(Subcommand, Debug)]
pub enum NodeCommand {
    /// Set the phase, message or outputs of suspend nodes
    Set(NodeSet),
}

#[derive(Args, Debug)]
pub struct NodeSet {
    /// The run; `@latest` is the newest
    #[arg(value_name = "NAME", add = ArgValueCompleter::new(complete::unfinished))]
    pub name: String,
    /// The suspend nodes meant, such as displayName=approve
    #[arg(long, value_name = "SELECTOR")]
    pub node_field_selector: String,
    /// Succeeded, Failed, Error or Skipped
    #[arg(long, value_name = "PHASE", value_parser = ["Succeeded", "Failed", "Error", "Skipped"])]
    pub phase: Option<String>,
    /// What the nodes will say
    #[arg(short, long, value_name = "TEXT")]
    pub message: Option<String>,
    /// Set an output of the suspend nodes
    #[arg(short = 'p', long = "output-parameter", value_name = "NAME=VALUE", value_parser = pair)]
    pub outputs: Vec<(String, String)>,
}

/// Delete finished runs and all that they left
#[derive(Args, Debug)]
#[command(after_help = const_str("\
Examples:
  tiphys delete ci-x7k2p
  tiphys delete --completed --older 7d
  tiphys delete --all"))]
pub struct Delete {
    /// Runs; `@latest` is the newest
    #[arg(value_name = "NAME", add = ArgValueCompleter::new(complete::runs))]
    pub names: Vec<String>,
    /// All runs that have ended
    #[arg(long)]
    pub all: bool,
    #[command(flatten)]
    pub filter: Filter,
    /// Say what would be deleted, and delete nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Also delete runs that have not ended but whose process is gone
    #[arg(long)]
    pub force: bool,
}

/// Copy the artifacts of a run
#[derive(Args, Debug)]
pub struct Copy {
    /// The run; `@latest` is the newest
    #[arg(value_name = "NAME", add = ArgValueCompleter::new(complete::runs))]
    pub name: String,
    /// The folder to copy to
    #[arg(value_name = "OUTDIR", value_hint = ValueHint::DirPath)]
    pub folder: PathBuf,
    /// Only artifacts of this name
    #[arg(long, value_name = "NAME")]
    pub artifact_name: Option<String>,
    /// Only artifacts of this node
    #[arg(long, value_name = "ID")]
    pub node_id: Option<String>,
    /// Only artifacts of this template
    #[arg(long, value_name = "NAME")]
    pub template_name: Option<String>,
    /// Where each goes inside OUTDIR
    #[arg(
        long,
        value_name = "PATTERN",
        default_value = "{namespace}/{workflowName}/{nodeId}/outputs/{artifactName}"
    )]
    pub path: String,
}

/// Print a script that completes commands, flags and names of runs
#[derive(Args, Debug)]
#[command(after_help = const_str("\
Examples:
  source <(tiphys completion bash)
  tiphys completion zsh > ~/.zfunc/_tiphys
  tiphys completion fish > ~/.config/fish/completions/tiphys.fish"))]
pub struct Completion {
    #[arg(value_name = "SHELL", value_parser = ["bash", "elvish", "fish", "powershell", "zsh"])]
    pub shell: String,
}

/// Print the version
#[derive(Args, Debug)]
pub struct Version {
    /// The number alone
    #[arg(long)]
    pub short: bool,
    /// How to print it
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    pub output: Option<VersionOutput>,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataOutput {
    Json,
    Yaml,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum VersionOutput {
    Json,
}

/// `name=value`; the value may hold further `=`.
fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => {
            Ok((name.trim().to_owned(), value.to_owned()))
        }
        _ => Err("expected NAME=VALUE".to_owned()),
    }
}

/// `10s`, `5m`, `3h`, `1d`, and such in a row.
fn duration(text: &str) -> Result<jiff::SignedDuration, String> {
    crate::clock::parse(text)
        .ok_or_else(|| "expected a duration such as 30s, 10m, 3h or 1d".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_commands_are_consistent() {
        Cli::command().debug_assert();
    }
}

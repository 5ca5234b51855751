//! What is typed for clusters: which one, and the verbs that have a meaning only there.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, ValueHint};

use super::{RunOutput, const_str, pair};

/// Which cluster. Any of these, or TIPHYS_NAMESPACE or TIPHYS_CONTEXT, has a verb act on a cluster in the place of this machine.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Cluster options")]
pub struct Reach {
    /// Act on a cluster, in this namespace (default: the context's)
    #[arg(short, long, global = true, value_name = "NS")]
    pub namespace: Option<String>,
    /// Act on the cluster of this context (default: the current one)
    #[arg(long, global = true, value_name = "NAME")]
    pub context: Option<String>,
    /// Take contexts from this file (default: KUBECONFIG, or ~/.kube/config)
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub kubeconfig: Option<PathBuf>,
}

impl Reach {
    /// The first of its flags that was typed.
    pub fn typed(&self) -> Option<&'static str> {
        let flags = [
            ("--namespace", self.namespace.is_some()),
            ("--context", self.context.is_some()),
            ("--kubeconfig", self.kubeconfig.is_some()),
        ];
        flags
            .iter()
            .find(|(_, typed)| *typed)
            .map(|(flag, _)| *flag)
    }
}

/// How a workflow is followed that a controller runs.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Cluster options")]
pub struct Follow {
    /// In a cluster: wait until it has ended; the exit code says how
    #[arg(short, long, conflicts_with = "watch")]
    pub wait: bool,
    /// In a cluster: show how it goes on until it has ended
    #[arg(long)]
    pub watch: bool,
}

/// Submit workflows to a cluster
///
/// FILE holds Workflows, in YAML, JSON or .flow. All of them are checked before the first is made, with the shared templates of the
/// cluster.
#[derive(Args, Debug)]
#[command(after_help = const_str("\
Examples:
  tiphys submit hello.yaml -n ci
  tiphys submit ci.flow -p branch=main --watch
  tiphys submit --from workflowtemplate/nightly -p day=today --wait
  tiphys submit ci.yaml --dry-run -o yaml        what would be made
  id=$(tiphys submit ci.yaml -o name)"))]
pub struct Submit {
    /// Files of Workflows; `-` is standard input
    #[arg(required_unless_present = "from", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub files: Vec<PathBuf>,
    /// Make it from what is in the cluster: workflowtemplate/NAME, clusterworkflowtemplate/NAME, cronwf/NAME
    #[arg(long, value_name = "KIND/NAME", value_parser = reference, conflicts_with = "files")]
    pub from: Option<(Source, String)>,
    /// Set an argument of the workflow
    #[arg(short, long = "parameter", value_name = "NAME=VALUE", value_parser = pair)]
    pub parameters: Vec<(String, String)>,
    /// Take arguments from a YAML or JSON map; -p wins
    #[arg(short = 'f', long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub parameter_file: Option<PathBuf>,
    /// Start at this template
    #[arg(long, value_name = "TEMPLATE")]
    pub entrypoint: Option<String>,
    /// Name the workflow
    #[arg(long, value_name = "NAME", conflicts_with = "generate_name")]
    pub name: Option<String>,
    /// Name the workflow with this prefix and a random end
    #[arg(long, value_name = "PREFIX")]
    pub generate_name: Option<String>,
    /// Add labels to the workflow
    #[arg(short, long, value_name = "KEY=VALUE,…", value_delimiter = ',', value_parser = pair)]
    pub labels: Vec<(String, String)>,
    /// Run its pods as this service account
    #[arg(long, alias = "service-account", value_name = "NAME")]
    pub serviceaccount: Option<String>,
    /// Wait until it has ended; the exit code says how
    #[arg(short, long, conflicts_with_all = ["watch", "dry_run"])]
    pub wait: bool,
    /// Show how it goes on until it has ended
    #[arg(long, conflicts_with = "dry_run")]
    pub watch: bool,
    /// Print the logs of its pods as they come, until it has ended
    #[arg(long, visible_alias = "log", conflicts_with_all = ["watch", "dry_run"])]
    pub logs: bool,
    /// Have the server say what it would make, and make nothing
    #[arg(long, alias = "server-dry-run")]
    pub dry_run: bool,
    /// What to print of each workflow
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    pub output: Option<RunOutput>,
}

/// What a workflow can be made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Template,
    ClusterTemplate,
    Cron,
}

/// `kind/name`; spellings: Argo's.
fn reference(text: &str) -> Result<(Source, String), String> {
    let known = "expected workflowtemplate/NAME, clusterworkflowtemplate/NAME or cronwf/NAME";
    let (kind, name) = text.split_once('/').ok_or(known)?;
    let source = match kind {
        "WorkflowTemplate" | "workflowtemplate" | "workflowtemplates" | "wftmpl" => {
            Source::Template
        }
        "ClusterWorkflowTemplate"
        | "clusterworkflowtemplate"
        | "clusterworkflowtemplates"
        | "cwftmpl" => Source::ClusterTemplate,
        "CronWorkflow" | "cronworkflow" | "cronworkflows" | "cronwf" => Source::Cron,
        _ => return Err(known.to_owned()),
    };
    if name.is_empty() {
        return Err(known.to_owned());
    }
    Ok((source, name.to_owned()))
}

/// CronWorkflows of a cluster
#[derive(Args, Debug)]
#[command(after_help = const_str("\
Examples:
  tiphys cron create nightly.yaml -n ci
  tiphys cron list -A
  tiphys cron suspend nightly"))]
pub struct Cron {
    #[command(subcommand)]
    pub command: CronCommand,
}

#[derive(Subcommand, Debug)]
pub enum CronCommand {
    /// List them, with their last and their next time
    #[command(visible_alias = "ls")]
    List(Objects),
    /// Show them
    Get(Named),
    /// Have them make no more workflows
    Suspend(Named),
    /// Have them make workflows again
    Resume(Named),
    /// Make them from files, which are checked first
    Create(Make),
    /// Delete them
    Delete(Doomed),
}

/// WorkflowTemplates of a cluster
#[derive(Args, Debug)]
pub struct Template {
    #[command(subcommand)]
    pub command: TemplateCommand,
}

/// ClusterWorkflowTemplates of a cluster
#[derive(Args, Debug)]
pub struct ClusterTemplate {
    #[command(subcommand)]
    pub command: TemplateCommand,
}

#[derive(Subcommand, Debug)]
pub enum TemplateCommand {
    /// List them
    #[command(visible_alias = "ls")]
    List(Objects),
    /// Show them
    Get(Named),
    /// Make them from files, which are checked first
    Create(Make),
    /// Delete them
    Delete(Doomed),
    /// Check files of them, without a cluster
    Lint(LintFiles),
}

/// Which objects are listed.
#[derive(Args, Debug)]
pub struct Objects {
    /// Those of all namespaces
    #[arg(short = 'A', long)]
    pub all_namespaces: bool,
    /// Only those with these labels
    #[arg(short = 'l', long, value_name = "KEY=VALUE,…")]
    pub selector: Option<String>,
    /// How to print them
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    pub output: Option<ObjectOutput>,
}

#[derive(Args, Debug)]
pub struct Named {
    #[arg(required = true, value_name = "NAME")]
    pub names: Vec<String>,
    /// How to print them
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    pub output: Option<ObjectOutput>,
}

#[derive(Args, Debug)]
pub struct Doomed {
    #[arg(value_name = "NAME", required_unless_present = "all")]
    pub names: Vec<String>,
    /// All of the namespace
    #[arg(long, conflicts_with = "names")]
    pub all: bool,
}

#[derive(Args, Debug)]
pub struct Make {
    /// Files; `-` is standard input
    #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub files: Vec<PathBuf>,
    /// What to print of what was made
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    pub output: Option<ObjectOutput>,
}

#[derive(Args, Debug)]
pub struct LintFiles {
    /// Files or folders; `-` is standard input
    #[arg(default_value = ".", value_name = "FILE|DIR", value_hint = ValueHint::AnyPath)]
    pub paths: Vec<PathBuf>,
    /// Treat warnings as errors
    #[arg(long)]
    pub strict: bool,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectOutput {
    /// Names only
    Name,
    /// The whole object
    Json,
    /// The whole object
    Yaml,
}

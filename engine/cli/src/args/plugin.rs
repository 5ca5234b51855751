//! `tiphys plugin` and all below it.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, ValueHint};

use super::{Allowed, DataOutput, const_str, pair};

/// Write, build, test and look at plug-ins: kinds of template of your own
#[derive(Args, Debug)]
#[command(after_help = const_str("\
Examples:
  tiphys plugin new greet --lang js       a project that builds as it stands
  cd greet
  tiphys plugin build                     dist/greet.wasm
  tiphys plugin test                      its golden cases
  tiphys plugin run --body '{name: Ada}'  one call
  tiphys run flow.yaml --plugin greet     a workflow that uses it, from the folder above"))]
pub struct Plugin {
    #[command(subcommand)]
    pub command: PluginCommand,
}

#[derive(Subcommand, Debug)]
pub enum PluginCommand {
    New(PluginNew),
    Build(PluginBuild),
    Test(PluginTest),
    Run(PluginRun),
    Inspect(PluginInspect),
    List(PluginList),
    Push(PluginPush),
    Pull(PluginPull),
    Sign(PluginSign),
    Verify(PluginVerify),
    Keygen(PluginKeygen),
}

/// Make a project for a plug-in
///
/// It builds, passes its golden cases and runs as it stands: change it from there.
#[derive(Args, Debug)]
#[command(after_help = const_str("\
Examples:
  tiphys plugin new greet --lang rust
  tiphys plugin new greet --lang python --dir plugins/greet"))]
pub struct PluginNew {
    /// What to call it, and the kind of template that it gives: lower-case letters, digits and hyphens
    #[arg(value_name = "NAME")]
    pub name: String,
    /// What it is written in
    #[arg(long, value_enum, value_name = "LANGUAGE")]
    pub lang: Language,
    /// Where to make it (default: a folder of its name)
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub dir: Option<PathBuf>,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// The smallest components, the quickest calls
    Rust,
    /// JavaScript, or TypeScript that is bundled
    #[value(alias = "javascript")]
    Js,
    Python,
    /// Experimental
    Go,
}

impl Language {
    /// Its folder in the SDK.
    pub fn folder(self) -> &'static str {
        match self {
            Language::Rust => "rust",
            Language::Js => "js",
            Language::Python => "python",
            Language::Go => "go",
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Language::Rust => "Rust",
            Language::Js => "JavaScript",
            Language::Python => "Python",
            Language::Go => "Go",
        }
    }
}

/// Build the component of a project
///
/// The language is told by what the folder holds: Cargo.toml, package.json, pyproject.toml or go.mod. What a build needs beside
/// the language itself is fetched once into ~/.cache/tiphys.
#[derive(Args, Debug)]
#[command(after_help = const_str("\
Examples:
  tiphys plugin build
  tiphys plugin build greet --out greet.wasm"))]
pub struct PluginBuild {
    /// The project
    #[arg(default_value = ".", value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub dir: PathBuf,
    /// Where to put the component (default: dist/NAME.wasm in the project)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub out: Option<PathBuf>,
}

/// Run the golden cases of a plug-in
///
/// A case is a body, a world that is written down (time, HTTP answers, Secrets, files, artifacts), and the outcome that it must have.
/// Nothing else is there, and no time passes.
#[derive(Args, Debug)]
#[command(after_help = const_str("\
Examples:
  tiphys plugin test
  tiphys plugin test greet.wasm --cases cases.yaml

A case, as an entry of a list in tests/*.yaml:
  - name: says hello
    kind: greet
    body: { name: Ada }
    expect: { done: { result: \"Hello, Ada!\" } }

Exits with 0 if all pass, 1 if any fails, 2 if there is none or one cannot be read."))]
pub struct PluginTest {
    /// The project, or a component
    #[arg(default_value = ".", value_name = "DIR|FILE", value_hint = ValueHint::AnyPath)]
    pub path: PathBuf,
    /// Where the cases are (default: the project's folder tests/)
    #[arg(long, value_name = "FILE|DIR", value_hint = ValueHint::AnyPath)]
    pub cases: Option<PathBuf>,
}

/// Call a plug-in in the real world, until it is done
///
/// Its log goes to standard error, its outcome and what it used to standard output.
#[derive(Args, Debug)]
#[command(after_help = const_str("\
Examples:
  tiphys plugin run --body '{name: Ada}'
  tiphys plugin run greet.wasm --body body.yaml --allow-http people.example.test
  tiphys plugin run greet.wasm --body - --with secret.yaml --allow-secret token -o json < body.json

Exits with 0 if it was done, 1 if it failed, 2 if the body is not what the kind takes."))]
pub struct PluginRun {
    /// The component, or the project that it is built from
    #[arg(default_value = ".", value_name = "FILE|DIR", value_hint = ValueHint::AnyPath)]
    pub component: PathBuf,
    /// The kind of template (default: the first it gives)
    #[arg(long, value_name = "KIND")]
    pub kind: Option<String>,
    /// The template's body: YAML or JSON, a file of it, or `-` for standard input
    #[arg(long, value_name = "BODY|FILE", value_hint = ValueHint::FilePath)]
    pub body: Option<String>,
    /// Set an input parameter
    #[arg(short, long = "parameter", value_name = "NAME=VALUE", value_parser = pair)]
    pub parameters: Vec<(String, String)>,
    /// Give ConfigMaps and Secrets
    #[arg(long, value_name = "FILE|DIR", value_hint = ValueHint::AnyPath)]
    pub with: Vec<PathBuf>,
    /// Do not call again where the plug-in asks for it
    #[arg(long)]
    pub once: bool,
    /// How to print the outcome (default: yaml)
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    pub output: Option<DataOutput>,
    #[command(flatten)]
    pub allowed: Allowed,
}

/// Show what a plug-in gives, wants and imports
#[derive(Args, Debug)]
#[command(after_help = const_str("\
Examples:
  tiphys plugin inspect
  tiphys plugin inspect greet.wasm -o json | jq .kinds[0].schema"))]
pub struct PluginInspect {
    /// The component, or the project that it is built from
    #[arg(default_value = ".", value_name = "FILE|DIR", value_hint = ValueHint::AnyPath)]
    pub component: PathBuf,
    /// Print all of it as data
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    pub output: Option<DataOutput>,
}

/// List the kinds of template that plug-ins give
#[derive(Args, Debug)]
pub struct PluginList {
    /// Those of these plug-ins too: components (.wasm), projects, folders of components, oci://…@sha256:…
    #[arg(long, value_name = "FILE|DIR|OCI", value_hint = ValueHint::AnyPath)]
    pub plugin: Vec<PathBuf>,
    /// Print all of it as data
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    pub output: Option<DataOutput>,
}

/// Push a component to an OCI registry
///
/// Prints where it is, by digest. Credentials are those of `docker login`.
#[derive(Args, Debug)]
pub struct PluginPush {
    /// The component
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub component: PathBuf,
    /// Where to: oci://ghcr.io/me/greet:1.0
    #[arg(value_name = "OCI")]
    pub place: String,
}

/// Pull a component from an OCI registry
#[derive(Args, Debug)]
pub struct PluginPull {
    /// Where from: oci://ghcr.io/me/greet@sha256:…
    #[arg(value_name = "OCI")]
    pub place: String,
    /// Where to put it (default: NAME.wasm)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub out: Option<PathBuf>,
    /// Take it only if it is signed with this key
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub key: Option<PathBuf>,
}

/// Sign a plug-in in an OCI registry, as cosign does
///
/// The password of the key is taken from COSIGN_PASSWORD.
#[derive(Args, Debug)]
pub struct PluginSign {
    /// What to sign
    #[arg(value_name = "OCI")]
    pub place: String,
    /// The private key: cosign.key, or PKCS #8
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub key: PathBuf,
}

/// Check the signature of a plug-in in an OCI registry
#[derive(Args, Debug)]
pub struct PluginVerify {
    /// What to check
    #[arg(value_name = "OCI")]
    pub place: String,
    /// The public key: cosign.pub
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub key: PathBuf,
}

/// Make a pair of keys as cosign does
///
/// The private key is encrypted with the password in COSIGN_PASSWORD.
#[derive(Args, Debug)]
pub struct PluginKeygen {
    /// What to call them: PREFIX.key and PREFIX.pub
    #[arg(long, default_value = "cosign", value_name = "PREFIX")]
    pub prefix: PathBuf,
}

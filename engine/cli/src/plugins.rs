//! The template kinds that plug-ins provide: those built in, those given, and what they are allowed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tiphys_host::{Cache, Folder, Grant, Host, HttpGrant, Options, Plugin, Registry, digest};
use tiphys_local::{Home, Submitted};
use tiphys_spec as spec;

use crate::args::{Allowed, Plugins};
use crate::command::plugin::oci::{fetch_pinned, public_key};
use crate::failure::{self, Failure};
use crate::files;
use crate::printer::Printer;
use crate::project::Project;
use crate::sheet::Sheet;

/// What a run needs of plug-ins, kept with it.
#[derive(Debug, Default)]
pub struct Given {
    pub grants: Vec<Grant>,
    /// Components, with where they came from.
    pub components: Vec<(String, Vec<u8>)>,
}

impl Given {
    /// Reads what the command line names. What it allows is for [`grants`].
    pub fn read(args: &Plugins) -> Result<Given, Failure> {
        let mut components = Vec::new();
        let key = args.plugin_key.as_deref().map(public_key).transpose()?;
        for path in &args.plugin {
            if let Some(name) = path.to_str().filter(|name| name.starts_with("oci://")) {
                let pulled = fetch_pinned(name, key.as_ref())?;
                components.push((pulled.place.to_string(), pulled.component));
                continue;
            }
            for file in component_files(path)? {
                components.push((file.display().to_string(), read(&file)?));
            }
        }
        Ok(Given {
            components,
            ..Given::default()
        })
    }

    /// The registry of all kinds.
    pub fn registry(&self) -> Result<Arc<Registry>, Failure> {
        let registry = built_in(&self.grants);
        for (origin, bytes) in &self.components {
            registry
                .add(bytes.clone(), origin)
                .map_err(|error| Failure::new(format!("{error} ({origin})")))?;
        }
        Ok(Arc::new(registry))
    }

    /// What a run was made with.
    pub fn of_run(home: &Home, submitted: &Submitted) -> Result<Given, Failure> {
        let component = |digest: &String| Ok((digest.clone(), home.component(digest)?));
        let components: Result<_, tiphys_local::FolderError> =
            submitted.plugins.iter().map(component).collect();
        Ok(Given {
            grants: submitted.grants.clone(),
            components: components.map_err(|error| Failure::of(&error))?,
        })
    }

    /// Keeps all of it with a run that is to be made.
    pub fn keep(&self, home: &Home, submitted: &mut Submitted) -> Result<(), Failure> {
        for (_, bytes) in &self.components {
            let digest = digest(bytes);
            home.keep_component(&digest, bytes)
                .map_err(|error| Failure::of(&error))?;
            submitted.plugins.push(digest);
        }
        submitted.grants.clone_from(&self.grants);
        Ok(())
    }
}

/// The kinds that come with tiphys.
pub fn built_in(grants: &[Grant]) -> Registry {
    Registry::built_in(host(), grants)
}

/// A host that keeps what it compiles in the user's cache.
pub fn host() -> Arc<Host> {
    let cache = cache_folder().map(|folder| Cache::new(folder.join("components")));
    Host::new(Options { cache })
}

/// `$XDG_CACHE_HOME/tiphys`, or `~/.cache/tiphys`.
pub fn cache_folder() -> Option<PathBuf> {
    let variable = |name| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let base =
        variable("XDG_CACHE_HOME").or_else(|| variable("HOME").map(|home| home.join(".cache")));
    Some(base?.join("tiphys"))
}

/// The plug-in of the one component that a path stands for.
pub fn load(host: &Arc<Host>, path: &Path) -> Result<Arc<Plugin>, Failure> {
    let (path, bytes) = component(path)?;
    let plugin = host.load(&bytes, false);
    plugin.map_err(|error| Failure::new(format!("{} ({})", failure::chain(&error), path.display())))
}

/// The one component that a path stands for, and where it is.
pub fn component(path: &Path) -> Result<(PathBuf, Vec<u8>), Failure> {
    let mut files = component_files(path)?;
    if files.len() > 1 {
        let names: Vec<String> = files
            .iter()
            .map(|file| file.display().to_string())
            .collect();
        return Err(
            Failure::new(format!("choose a plug-in in {}", path.display()))
                .hint(format!("name one: {}", names.join(", "))),
        );
    }
    let path = files.remove(0);
    let bytes = read(&path)?;
    Ok((path, bytes))
}

/// The file itself, what a project is built to, or the `.wasm` files of a folder.
fn component_files(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    let failed = |error: &std::io::Error| {
        Failure::new(format!("read {}: {}", path.display(), files::reason(error)))
    };
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    if let Some(project) = Project::at(path) {
        let component = project.component();
        if component.is_file() {
            return Ok(vec![component]);
        }
        let failure = Failure::new(format!(
            "find {}: the project is not built",
            component.display()
        ));
        let place = if path == Path::new(".") {
            String::new()
        } else {
            format!(" {}", path.display())
        };
        return Err(failure.hint(format!("build it with `tiphys plugin build{place}`")));
    }
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path).map_err(|error| failed(&error))? {
        let file = entry.map_err(|error| failed(&error))?.path();
        if file.extension().is_some_and(|ending| ending == "wasm") {
            found.push(file);
        }
    }
    found.sort();
    if found.is_empty() {
        let failure = Failure::new(format!(
            "find a plug-in in {}: there is neither a .wasm file nor a project",
            path.display()
        ));
        return Err(failure.hint("`tiphys plugin new NAME --lang LANGUAGE` makes a project"));
    }
    Ok(found)
}

pub fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| {
        Failure::new(format!(
            "read {}: {}",
            path.display(),
            files::reason(&error)
        ))
    })
}

/// What the command line allows.
pub fn grants(args: &Allowed, printer: &Printer) -> Result<Vec<Grant>, Failure> {
    let mut all = Vec::new();
    for path in &args.grants {
        all.extend(grants_file(path, printer)?);
    }
    let flags = Grant {
        http: args
            .allow_http
            .iter()
            .map(|host| HttpGrant {
                host: host.clone(),
                methods: Vec::new(),
            })
            .collect(),
        secrets: args.allow_secret.clone(),
        folders: args
            .allow_dir
            .iter()
            .map(|text| folder(text))
            .collect::<Result<_, _>>()?,
        ..Grant::default()
    };
    if flags != Grant::default() {
        all.push(flags);
    }
    Ok(all)
}

/// `NAME=PATH`, or `PATH`, which is called as its last part.
fn folder(text: &str) -> Result<Folder, Failure> {
    let (name, path) = match text.split_once('=') {
        Some((name, path)) => (name.to_owned(), PathBuf::from(path)),
        None => {
            let path = PathBuf::from(text);
            let name = path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned());
            (name.unwrap_or_default(), path)
        }
    };
    let path = path.canonicalize().map_err(|error| {
        Failure::new(format!(
            "grant the folder {text}: {}",
            files::reason(&error)
        ))
    })?;
    if name.is_empty() || name.contains('/') {
        return Err(
            Failure::new(format!("grant the folder {text}: it has no name"))
                .hint("give it one: `--allow-dir NAME=PATH`"),
        );
    }
    Ok(Folder { name, path })
}

/// `PluginGrant` objects, or one bare `spec` of such.
fn grants_file(path: &Path, printer: &Printer) -> Result<Vec<Grant>, Failure> {
    let name = path.display().to_string();
    let mut sheet = Sheet::parse(&name, &read(path)?);
    let mut all = Vec::new();
    for document in sheet.documents() {
        let kind = document
            .get("kind")
            .and_then(spec::Node::scalar)
            .map(|scalar| scalar.value.to_string());
        let body = match (kind.as_deref(), document.get("spec")) {
            (None, None) => &document,
            (None | Some("PluginGrant"), Some(body)) => body,
            (Some("PluginGrant"), None) => continue,
            (Some(kind), _) => {
                sheet.fault(
                    &document,
                    "/kind",
                    "unknown-kind",
                    format!("this is a {kind}, not a PluginGrant"),
                );
                continue;
            }
        };
        if let Some(mut grant) = sheet.decode::<Grant>(body) {
            check(&mut grant, path, body, &mut sheet);
            all.push(grant);
        }
    }
    sheet.settle("the grants", printer)?;
    Ok(all)
}

/// What its form does not show of a grant: limits that are none, folders that are not there. Paths are taken from where the file is.
fn check(grant: &mut Grant, file: &Path, body: &spec::Node, sheet: &mut Sheet) {
    if let Err(fault) = grant.check() {
        sheet.fault(body, &format!("/{}", fault.field), "grant", fault.reason);
    }
    let base = file.parent().unwrap_or(Path::new(""));
    for (at, folder) in grant.folders.iter_mut().enumerate() {
        match base.join(&folder.path).canonicalize() {
            Ok(path) => folder.path = path,
            Err(error) => {
                let message = format!("{}: {}", folder.path.display(), files::reason(&error));
                sheet.fault(body, &format!("/folders/{at}/path"), "grant", message);
            }
        }
    }
}

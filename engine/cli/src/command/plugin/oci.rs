//! `tiphys plugin push`, `pull`, `sign`, `verify`, `keygen`: plug-ins in OCI registries.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use tiphys_oci::{Credentials, Place, PrivateKey, PublicKey, Registry, generate};

use crate::args::{PluginKeygen, PluginPull, PluginPush, PluginSign, PluginVerify};
use crate::failure::{Exit, Failure, Outcome};
use crate::plugins;
use crate::printer::Printer;

/// The password of a private key, as cosign takes it.
const PASSWORD: &str = "COSIGN_PASSWORD";

pub fn push(args: &PluginPush, printer: &Printer) -> Outcome {
    let place = place(&args.place)?;
    let bytes = plugins::read(&args.component)?;
    // What does not load here would load nowhere.
    let plugin = plugins::host()
        .load(&bytes, false)
        .map_err(|error| Failure::of(&error))?;
    let about = [
        (
            "org.opencontainers.image.title",
            plugin.manifest.name.clone(),
        ),
        (
            "org.opencontainers.image.version",
            plugin.manifest.version.clone(),
        ),
        (
            "org.opencontainers.image.description",
            plugin.manifest.description.clone(),
        ),
    ];
    let annotations: BTreeMap<String, String> = about
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect();
    let pushed = block_on(registry(&place).push(&place, bytes, annotations))?;
    printer.line(&pushed);
    Ok(Exit::Done)
}

pub fn pull(args: &PluginPull, printer: &Printer) -> Outcome {
    let place = place(&args.place)?;
    let key = args.key.as_deref().map(public_key).transpose()?;
    let pulled = fetch(&place, key.as_ref())?;
    let plugin = plugins::host()
        .load(&pulled.component, false)
        .map_err(|error| Failure::of(&error))?;
    let out = args
        .out
        .clone()
        .unwrap_or_else(|| format!("{}.wasm", plugin.manifest.name).into());
    fs::write(&out, &pulled.component)
        .map_err(|error| Failure::new(format!("write {}: {error}", out.display())))?;
    printer.line(format_args!(
        "{}: {} {} from {}",
        out.display(),
        plugin.manifest.name,
        plugin.manifest.version,
        pulled.place
    ));
    Ok(Exit::Done)
}

pub fn sign(args: &PluginSign, printer: &Printer) -> Outcome {
    let place = place(&args.place)?;
    let pem = text(&args.key)?;
    let password = std::env::var(PASSWORD).unwrap_or_default();
    let key = PrivateKey::read(&pem, &password).map_err(|error| {
        Failure::of(&error).hint(format!("the password is taken from {PASSWORD}"))
    })?;
    let signed = block_on(registry(&place).sign(&place, &key))?;
    printer.line(format_args!("signed {signed}"));
    Ok(Exit::Done)
}

pub fn verify(args: &PluginVerify, printer: &Printer) -> Outcome {
    let place = place(&args.place)?;
    let verified = block_on(registry(&place).verify(&place, &public_key(&args.key)?))?;
    printer.line(format_args!(
        "{verified} is signed with {}",
        args.key.display()
    ));
    Ok(Exit::Done)
}

pub fn keygen(args: &PluginKeygen, printer: &Printer) -> Outcome {
    let (private, public) = (
        args.prefix.with_extension("key"),
        args.prefix.with_extension("pub"),
    );
    for path in [&private, &public] {
        if path.exists() {
            return Err(
                Failure::new(format!("write {}: it is there already", path.display()))
                    .hint("give another name with `--prefix`"),
            );
        }
    }
    let password = std::env::var(PASSWORD).unwrap_or_default();
    if password.is_empty() {
        printer.warning(format!(
            "the private key is kept without a password: set {PASSWORD} to give it one"
        ));
    }
    let (key, public_text) = generate(&password).map_err(|error| Failure::of(&error))?;
    secret(&private, &key)?;
    fs::write(&public, public_text)
        .map_err(|error| Failure::new(format!("write {}: {error}", public.display())))?;
    printer.line(format_args!(
        "{} and {}",
        private.display(),
        public.display()
    ));
    Ok(Exit::Done)
}

/// Pulls by digest, and only what is signed where a key is given.
pub fn fetch(place: &Place, key: Option<&PublicKey>) -> Result<tiphys_oci::Pulled, Failure> {
    let registry = registry(place);
    block_on(async {
        // What is verified is what is pulled, whatever the tag means by then.
        let place = match key {
            Some(key) => registry.verify(place, key).await?,
            None => place.clone(),
        };
        registry.pull(&place).await
    })
}

/// As [`fetch`], for a run: only by digest.
pub fn fetch_pinned(name: &str, key: Option<&PublicKey>) -> Result<tiphys_oci::Pulled, Failure> {
    let place = place(name)?;
    if place.digest().is_some() {
        return fetch(&place, key);
    }
    let failure = Failure::new(format!(
        "take the plug-in {place}: a tag may mean something else tomorrow"
    ));
    let now = block_on(registry(&place).digest(&place));
    Err(match now {
        Ok(digest) => failure.hint(format!("name it by digest: {}", place.at(&digest))),
        Err(_) => failure.hint("name it by digest: oci://…@sha256:…"),
    })
}

pub fn public_key(path: &Path) -> Result<PublicKey, Failure> {
    PublicKey::read(&text(path)?)
        .map_err(|error| Failure::new(format!("{error} ({})", path.display())))
}

fn place(text: &str) -> Result<Place, Failure> {
    let mut parsed = text
        .parse::<Place>()
        .map_err(|error| Failure::new(format!("read a place: {error}")));
    if let Err(failure) = &mut parsed {
        failure.exit = Exit::Usage;
    }
    parsed
}

fn text(path: &Path) -> Result<String, Failure> {
    Ok(String::from_utf8_lossy(&plugins::read(path)?).into_owned())
}

/// A file that only its owner can read.
fn secret(path: &Path, text: &str) -> Result<(), Failure> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| Failure::new(format!("write {}: {error}", path.display())))
}

/// A client with what `docker login` left.
fn registry(place: &Place) -> Registry {
    use docker_credential::DockerCredential;
    let credentials = match docker_credential::get_credential(place.registry()) {
        Ok(DockerCredential::UsernamePassword(user, password)) => {
            Credentials::Basic { user, password }
        }
        _ => Credentials::Anonymous,
    };
    Registry::new(&credentials)
}

fn block_on<T>(
    future: impl Future<Output = Result<T, tiphys_oci::OciError>>,
) -> Result<T, Failure> {
    let done = crate::session::runtime()?.block_on(future);
    done.map_err(|error| {
        let failure = Failure::of(&error);
        match error {
            tiphys_oci::OciError::Unsigned { .. } => {
                failure.hint("sign it with `tiphys plugin sign`")
            }
            _ => failure,
        }
    })
}

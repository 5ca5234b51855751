//! The command's words and environment, as Linux takes them.
//!
//! Not by `execvp`, which hands a program of another architecture to the shell as if it were a script: the user would read the shell's
//! complaints of syntax.

use std::env;
use std::ffi::{CString, OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::ptr;

pub struct Image {
    /// Where the program may be, in the order of PATH.
    places: Vec<CString>,
    words: List,
    environment: List,
}

impl Image {
    /// The environment is ours, but for what is said to us alone.
    pub fn new(words: &[OsString]) -> io::Result<Self> {
        let variables = env::vars_os()
            .filter(|(name, _)| !name.as_bytes().starts_with(b"TIPHYS_"))
            .map(|(mut variable, value)| {
                variable.push("=");
                variable.push(value);
                variable
            });
        Ok(Self {
            places: places(&words[0])
                .map(|path| Ok(CString::new(path.into_os_string().as_bytes())?))
                .collect::<io::Result<_>>()?,
            words: List::new(words.iter().cloned())?,
            environment: List::new(variables)?,
        })
    }

    /// Becomes the program; comes back only if that fails. Allocates nothing, for it runs between fork and exec.
    pub fn exec(&self) -> io::Error {
        let mut denied = None;
        let mut error = io::Error::from_raw_os_error(libc::ENOENT);
        for place in &self.places {
            // SAFETY: all three are strings that end in NUL, in lists that end in null, and live in `self`.
            unsafe { libc::execve(place.as_ptr(), self.words.raw(), self.environment.raw()) };
            error = io::Error::last_os_error();
            match error.raw_os_error() {
                // Another folder may have it.
                Some(libc::ENOENT | libc::ENOTDIR) => {}
                Some(libc::EACCES) => denied = Some(libc::EACCES),
                _ => return error,
            }
        }
        denied.map_or(error, io::Error::from_raw_os_error)
    }
}

/// Where a program may be: a name is looked for in PATH, a path is what it is.
pub fn places(program: &OsStr) -> impl Iterator<Item = PathBuf> {
    let path = if program.as_bytes().contains(&b'/') {
        OsString::new()
    } else {
        env::var_os("PATH").unwrap_or_else(|| "/bin:/usr/bin".into())
    };
    let folders: Vec<PathBuf> = env::split_paths(&path).collect();
    let program = Path::new(program).to_owned();
    folders.into_iter().map(move |folder| folder.join(&program))
}

/// Strings, and a list of pointers to them that ends in null.
struct List {
    _strings: Vec<CString>,
    pointers: Vec<*const libc::c_char>,
}

// SAFETY: the pointers are to strings that the list owns and that never change.
unsafe impl Send for List {}
// SAFETY: as above.
unsafe impl Sync for List {}

impl List {
    fn new(items: impl Iterator<Item = OsString>) -> io::Result<Self> {
        let strings: Vec<CString> = items
            .map(|item| Ok(CString::new(item.as_bytes())?))
            .collect::<io::Result<_>>()?;
        let pointers = strings.iter().map(|string| string.as_ptr());
        Ok(Self {
            pointers: pointers.chain([ptr::null()]).collect(),
            _strings: strings,
        })
    }

    fn raw(&self) -> *const *const libc::c_char {
        self.pointers.as_ptr()
    }
}

//! The copy-on-write view of the host: laying a [`Layout`] down in a mount namespace of its own and moving into it.
//!
//! Everything written lives in one tmpfs that no other process can reach; it goes with the namespace, that is with the last
//! process in it, however that ends.

use std::ffi::CString;
use std::fs::{self, Permissions};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::CWD;
use rustix::mount::{
    MountFlags, MountPropagationFlags, MoveMountFlags, OpenTreeFlags, UnmountFlags, mount,
    mount_bind, mount_bind_recursive, mount_change, move_mount, open_tree, unmount,
};

use super::layout::{Layout, Piece, for_root, for_user, mount_points};
use super::wire::Mode;

/// What is needed to make views, worked out once.
pub(super) struct Views {
    mode: Mode,
    layout: Layout,
    /// A folder of the host over which each view mounts its tmpfs, in its own namespace.
    base: PathBuf,
    /// Whether `/dev/shm` is a folder of its own.
    shm: bool,
    /// What is shown read-only because it cannot be covered.
    pub plain: Vec<PathBuf>,
}

impl Views {
    /// To be called in a mount namespace that is already our own.
    pub(super) fn new(mode: Mode, base: &Path) -> io::Result<Views> {
        mount_change(
            "/",
            MountPropagationFlags::REC | MountPropagationFlags::PRIVATE,
        )?;
        tmpfs(base)?;
        let mut tried = 0;
        let overlays = |lower: &Path| {
            tried += 1;
            let probe = base.join(format!("probe{tried}"));
            let made = overlay(mode, lower, base, &format!("p{tried}"), &probe);
            made.and_then(|()| Ok(unmount(&probe, UnmountFlags::DETACH)?))
                .is_ok()
        };
        let mounts = mount_points(&fs::read_to_string("/proc/self/mountinfo")?);
        let mounts = mounts.into_iter().filter(|point| point != base).collect();
        let layout = if mode.user {
            for_user(&mounts, overlays)
        } else {
            for_root(&mounts, overlays)
        };
        unmount(base, UnmountFlags::DETACH)?;
        let layout = layout?;
        let plain = layout
            .iter()
            .filter(|(_, piece)| matches!(piece, Piece::Bind { folder: true }));
        let plain = plain.map(|(path, _)| path.clone()).collect();
        let shm = fs::symlink_metadata("/dev/shm").is_ok_and(|meta| meta.is_dir());
        Ok(Views {
            mode,
            layout,
            base: base.to_owned(),
            shm,
            plain,
        })
    }

    /// Builds a view and makes it this process's root. The old root is gone when it returns; descriptors into it stay good.
    pub(super) fn enter(&self) -> io::Result<()> {
        let base = &self.base;
        tmpfs(base)?;
        let root = base.join("root");
        fs::create_dir(&root)?;
        if self.mode.user {
            mount_bind(&root, &root)?;
        }
        for (index, (path, piece)) in self.layout.iter().enumerate() {
            let target = within(&root, path);
            self.lay(path, piece, &index.to_string(), &target)
                .map_err(|error| told(&target, error))?;
        }
        self.own_folders(&root)?;
        rustix::process::chdir(&root)?;
        rustix::process::pivot_root(".", ".")
            .map_err(|error| told(Path::new("pivot_root"), error.into()))?;
        unmount(".", UnmountFlags::DETACH)?;
        rustix::process::chdir("/")?;
        Ok(())
    }

    fn lay(&self, path: &Path, piece: &Piece, name: &str, target: &Path) -> io::Result<()> {
        match piece {
            Piece::Overlay { mode, uid, gid } => {
                overlay(self.mode, path, &self.base, name, target)?;
                if self.mode.user {
                    return fs::set_permissions(target, Permissions::from_mode(mode | 0o700));
                }
                chown(target, Some(*uid), Some(*gid))?;
                fs::set_permissions(target, Permissions::from_mode(*mode))
            }
            Piece::Folder { mode } => {
                fs::create_dir(target)?;
                fs::set_permissions(target, Permissions::from_mode(*mode))
            }
            Piece::Link(to) => symlink(to, target),
            Piece::Bind { folder } => {
                // What vanished, or was never ours to open, is no reason to refuse a step.
                let Ok(tree) = clone_tree(path) else {
                    return Ok(());
                };
                read_only(tree.as_fd(), true)?;
                mount_point(target, *folder)?;
                attach(tree.as_fd(), target)
            }
        }
    }

    /// `/proc`, `/sys`, `/dev`, `/tmp`, `/var/tmp`.
    fn own_folders(&self, root: &Path) -> io::Result<()> {
        for name in ["proc", "sys", "dev"] {
            fs::create_dir_all(root.join(name))?;
        }
        let proc = root.join("proc");
        if self.mode.pid {
            let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
            mount("proc", &proc, "proc", flags, None).map_err(|error| told(&proc, error.into()))?;
        } else {
            mount_bind_recursive("/proc", &proc)?;
        }
        if !self.mode.user {
            let sys = proc.join("sys");
            let tree = clone_tree(&sys)?;
            read_only(tree.as_fd(), true)?;
            attach(tree.as_fd(), &sys)?;
        }
        for (path, recursive) in [("/sys", true), ("/dev", false)] {
            let tree = clone_tree(Path::new(path))?;
            // A device can be written on a read-only mount; a new file cannot be made in the host's /dev.
            read_only(tree.as_fd(), recursive)?;
            attach(tree.as_fd(), &within(root, Path::new(path)))?;
        }
        let shm = self.shm.then_some("dev/shm");
        for (index, path) in ["tmp", "var/tmp"].into_iter().chain(shm).enumerate() {
            let own = self.base.join(format!("own{index}"));
            fs::create_dir(&own)?;
            fs::set_permissions(&own, Permissions::from_mode(0o1777))?;
            let target = root.join(path);
            fs::create_dir_all(&target)?;
            mount_bind(&own, &target)?;
        }
        Ok(())
    }
}

fn told(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

fn within(root: &Path, path: &Path) -> PathBuf {
    root.join(path.strip_prefix("/").unwrap_or(path))
}

fn tmpfs(at: &Path) -> io::Result<()> {
    Ok(mount(
        "tiphys",
        at,
        "tmpfs",
        MountFlags::NOSUID,
        Some(c"mode=755"),
    )?)
}

/// Mounts an overlay of `lower` at `target`, which is created, with its upper layer in `base`.
fn overlay(mode: Mode, lower: &Path, base: &Path, name: &str, target: &Path) -> io::Result<()> {
    let (upper, work) = (
        base.join(format!("up{name}")),
        base.join(format!("work{name}")),
    );
    fs::create_dir(&upper)?;
    fs::create_dir(&work)?;
    fs::create_dir_all(target)?;
    let mut options = Vec::new();
    for (key, path) in [
        ("lowerdir=", lower),
        (",upperdir=", &upper),
        (",workdir=", &work),
    ] {
        options.extend_from_slice(key.as_bytes());
        for byte in path.as_os_str().as_bytes() {
            if matches!(byte, b':' | b',' | b'\\') {
                options.push(b'\\');
            }
            options.push(*byte);
        }
    }
    options.extend_from_slice(if mode.user {
        b",userxattr"
    } else {
        b",redirect_dir=on"
    });
    let options = CString::new(options)?;
    Ok(mount(
        "overlay",
        target,
        "overlay",
        MountFlags::empty(),
        Some(options.as_c_str()),
    )?)
}

/// A detached copy of what is mounted at a path, with everything below.
pub(super) fn clone_tree(path: &Path) -> io::Result<OwnedFd> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE
        | OpenTreeFlags::OPEN_TREE_CLOEXEC
        | OpenTreeFlags::AT_RECURSIVE;
    Ok(open_tree(CWD, path, flags)?)
}

/// Mounts a detached copy at a path that exists.
pub(super) fn attach(tree: BorrowedFd<'_>, target: &Path) -> io::Result<()> {
    Ok(move_mount(
        tree,
        "",
        CWD,
        target,
        MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH,
    )?)
}

/// Creates a folder or an empty file to mount over, and its parents.
pub(super) fn mount_point(target: &Path, folder: bool) -> io::Result<()> {
    if folder {
        return fs::create_dir_all(target);
    }
    if let Some(parent) = target.parent() {
        fs::create_dir_all(parent)?;
    }
    if fs::metadata(target).is_ok() {
        return Ok(());
    }
    fs::File::create(target).map(drop)
}

/// Makes a detached copy read-only, without touching flags that may be locked.
pub(super) fn read_only(tree: BorrowedFd<'_>, recursive: bool) -> io::Result<()> {
    let attributes = libc::mount_attr {
        attr_set: libc::MOUNT_ATTR_RDONLY,
        attr_clr: 0,
        propagation: 0,
        userns_fd: 0,
    };
    let flags = libc::AT_EMPTY_PATH | if recursive { libc::AT_RECURSIVE } else { 0 };
    // SAFETY: the descriptor is open, the path is a C string and the struct has the size that is given.
    let done = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            tree.as_raw_fd(),
            c"".as_ptr(),
            flags,
            &raw const attributes,
            size_of::<libc::mount_attr>(),
        )
    };
    if done == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

//! A disk of the tests' own: ext4 in a file, whose power can be cut.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// `EXT4_IOC_SHUTDOWN` with `EXT4_GOING_FLAGS_NOLOGFLUSH` (fs/ext4/ext4.h of Linux): from now on nothing
/// reaches the disk, and what was not flushed before is lost.
const CUT: &str = "import fcntl, os, struct, sys
fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587d, struct.pack('I', 2))";

/// The file, mounted; unmounted and deleted with its owner.
pub(super) struct Disk {
    home: tempfile::TempDir,
}

fn run(program: &str, arguments: &[&str]) -> Result<(), String> {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{program}: {}", said.trim()))
}

fn in_ci() -> bool {
    #[expect(
        clippy::disallowed_methods,
        reason = "a missing disk is a failure there"
    )]
    let ci = std::env::var("CI");
    ci.is_ok_and(|value| value == "true")
}

impl Disk {
    /// Makes and mounts a disk of so many MiB. `None`, with word of it, where the machine cannot: not as
    /// root, or without loop devices.
    pub(super) fn mount(what: &str, mebibytes: u64) -> Option<Self> {
        let able = rustix::process::geteuid().is_root() && Path::new("/dev/loop-control").exists();
        let home = tempfile::tempdir().unwrap();
        let disk = Self { home };
        fs::create_dir(disk.path()).unwrap();
        let image = fs::File::create(disk.image()).unwrap();
        image.set_len(mebibytes * 1024 * 1024).unwrap();
        let image = disk.image();
        let made =
            run("mkfs.ext4", &["-q", "-F", image.to_str().unwrap()]).and_then(|()| disk.attach());
        match made {
            Ok(()) => Some(disk),
            Err(why) => {
                assert!(!(able && in_ci()), "{what} cannot be tested: {why}");
                eprintln!("skipped: {what} is not tested here: {why}");
                None
            }
        }
    }

    fn image(&self) -> PathBuf {
        self.home.path().join("image")
    }

    /// Where it is mounted.
    pub(super) fn path(&self) -> PathBuf {
        self.home.path().join("mounted")
    }

    fn attach(&self) -> Result<(), String> {
        let (image, path) = (self.image(), self.path());
        run(
            "mount",
            &[
                "-o",
                "loop",
                image.to_str().unwrap(),
                path.to_str().unwrap(),
            ],
        )
    }

    fn detach(&self) -> Result<(), String> {
        run("umount", &[self.path().to_str().unwrap()])
    }

    pub(super) fn sync(&self) {
        run("sync", &["-f", self.path().to_str().unwrap()]).unwrap();
    }

    /// The power goes.
    pub(super) fn cut(&mut self) {
        run("python3", &["-c", CUT, self.path().to_str().unwrap()]).unwrap();
    }

    /// The power is back, and the file system repairs itself from its journal.
    pub(super) fn remount(&mut self) {
        self.detach().unwrap();
        self.attach().unwrap();
    }

    /// Fills it to the last block.
    pub(super) fn fill(&self) {
        let _ = run("dd", &["if=/dev/zero", &self.ballast(), "bs=64k"]);
        let _ = run(
            "dd",
            &[
                "if=/dev/zero",
                &self.ballast(),
                "bs=1k",
                "oflag=append",
                "conv=notrunc",
            ],
        );
    }

    fn ballast(&self) -> String {
        format!("of={}", self.path().join("ballast").display())
    }

    /// Gives the room back.
    pub(super) fn free(&self) {
        fs::remove_file(self.path().join("ballast")).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = self.detach();
    }
}

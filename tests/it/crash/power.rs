//! A power cut: what the disk has when everything stops at once, and nothing of what was only in the system's memory.
//!
//! The data directory is a file system of its own, ext4 in an image file behind a loop device. What was written there and not
//! synced is in the page cache of that file system; what was synced, or written back by the way, is in the image. So a copy
//! of the image is the disk after a power cut. The daemon is stopped while it is copied, for the copy to be of one moment;
//! then it is killed with all it started, and the copy takes the place of the image: ext4 replays its own journal, and the
//! next daemon finds what it finds.
//!
//! ```text
//!   clients ──▶ daemon ──▶ ext4 ── sync ──▶ image ── copy ──▶ image of the next round
//!                            └── page cache (lost)
//! ```
//!
//! Two rounds by default, twenty-five with `ECHELON_LONG=1`. It needs the right to mount, and is skipped, visibly, without.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::Duration;

use rand::Rng;
use rand::seq::IndexedRandom;
use rustix::process::{Signal, WaitOptions, kill_process, waitpid};

use super::workload::WORK_TYPES;
use super::{Storm, say, seed};
use crate::support::{Daemon, can_run, eventually, finish, is_long, marked, skip};

const ROUNDS: usize = 2;
const LONG_ROUNDS: usize = 25;

/// Room for hundreds of instructions; little enough to be copied within a few hundredths of a second.
const IMAGE_BYTES: u64 = 32 * 1024 * 1024;

/// Content of a file that nobody syncs.
const UNSYNCED: &[u8] = b"this was never synced";

/// A disk that can lose its power.
struct Disk {
    image: PathBuf,
    place: PathBuf,
}

impl Disk {
    /// A new disk at `place`, or why there cannot be one.
    fn new(image: PathBuf, place: PathBuf) -> Result<Self, String> {
        fs::create_dir_all(&place).expect("the place can be made");
        let file = fs::File::create(&image).expect("the image can be made");
        file.set_len(IMAGE_BYTES).expect("the image can be stretched");
        if !can_run("mkfs.ext4") || !can_run("mount") {
            return Err("mkfs.ext4 or mount is not there".to_owned());
        }
        let made = finish(Command::new("mkfs.ext4").args(["-q", "-F", "-m", "0"]).arg(&image));
        assert_eq!(made.code, Some(0), "{made:?}");
        let disk = Self { image, place };
        disk.mount().map(|()| disk)
    }

    fn mount(&self) -> Result<(), String> {
        let mounted = finish(Command::new("mount").args(["-o", "loop"]).arg(&self.image).arg(&self.place));
        if mounted.code == Some(0) { Ok(()) } else { Err(mounted.stderr.trim().to_owned()) }
    }

    fn unmount(&self) -> bool {
        finish(Command::new("umount").arg(&self.place)).code == Some(0)
    }

    /// Cuts the power under a daemon.
    fn cut(&self, daemon: &mut Daemon) {
        let unsynced = self.place.join("unsynced");
        fs::write(&unsynced, UNSYNCED).expect("the disk takes a file");
        kill_process(daemon.pid(), Signal::STOP).expect("a child can be signalled");
        waitpid(Some(daemon.pid()), WaitOptions::UNTRACED).expect("a child can be waited for");
        let copy = self.image.with_extension("copy");
        fs::copy(&self.image, &copy).expect("the image can be copied");
        daemon.kill();
        // Again and again: what the daemon was just starting has no mark yet.
        eventually("nobody uses the disk any more", || {
            for pid in marked(&self.place) {
                // One that has ended in the meantime is as good as killed.
                let _ = kill_process(pid, Signal::KILL);
            }
            self.unmount().then_some(())
        });
        fs::rename(copy, &self.image).expect("the copy can be moved");
        self.mount().expect("what was mounted can be mounted again");
        let left = fs::read(&unsynced).unwrap_or_default();
        assert_ne!(left, UNSYNCED, "what is not synced survives: this is no power cut");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // A test that fails may leave somebody who uses it.
        if !self.unmount() {
            finish(Command::new("umount").arg("-l").arg(&self.place));
        }
    }
}

#[test]
fn what_was_acknowledged_survives_a_power_cut() {
    let mut storm = Storm::new(seed());
    let disk = match Disk::new(storm.home.path().join("disk"), storm.home.data()) {
        Ok(disk) => disk,
        Err(why) => return skip("the power cuts", &why),
    };
    let rounds = if is_long() { LONG_ROUNDS } else { ROUNDS };
    for _ in 0..rounds {
        for _ in 0..storm.random.random_range(2..=4) {
            let work_type = WORK_TYPES.choose(&mut storm.random).expect("there are work types");
            storm.record.ask(work_type);
        }
        let life = Duration::from_millis(storm.random.random_range(20..500));
        let mut daemon = storm.home.begin_up(&storm.workload.chart());
        daemon.wait_until_it_answers();
        let keys = storm.record.open();
        storm.submit(&keys, || {
            thread::sleep(life);
            disk.cut(&mut daemon);
        });
        // Whatever they asked for since was asked of a dead daemon.
        let export = storm.home.done(&["store", "export"]).stdout;
        for id in storm.record.acknowledged().values().flatten() {
            let received = format!(r#"{{"received":{{"id":"{id}""#);
            assert!(export.contains(&received), "seed {}: {id} was acknowledged and is lost", storm.seed);
        }
    }
    let mut daemon = storm.wait_for_everything();
    assert_eq!(daemon.stop(), Some(0), "{}", storm.home.log());
    let figures = storm.check();
    say(&format!("{rounds} power cuts with seed {}: {figures}", storm.seed));
    drop(disk);
}

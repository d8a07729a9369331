//! Who holds a run: a name for this process that another one on the same machine can tell to be dead.

use std::fmt;
use std::fs;
use std::str::FromStr;

/// A process: the machine's boot, the process namespace (a container has its own), the process and when it
/// started, as process numbers are used again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WorkerName {
    node: String,
    machine: String,
    boot_id: String,
    namespace: String,
    process_id: u32,
    started: u64,
}

impl WorkerName {
    /// This process, on the node of this name.
    pub(crate) fn current(node: &str) -> Self {
        let process_id = std::process::id();
        Self {
            node: node.replace(['/', ' '], "_").chars().take(100).collect(),
            machine: word("/etc/machine-id"),
            boot_id: word("/proc/sys/kernel/random/boot_id"),
            namespace: namespace(),
            process_id,
            started: started(process_id).unwrap_or_default(),
        }
    }

    /// Whether this is a process that is gone: of this boot and namespace, or of this machine before it was booted
    /// again. What cannot be told is not dead.
    pub(crate) fn is_dead(&self, here: &Self) -> bool {
        let is_same = |name: fn(&Self) -> &str| !name(here).is_empty() && name(self) == name(here);
        if is_same(|name| &name.boot_id) {
            return is_same(|name| &name.namespace) && is_gone(self.process_id, self.started);
        }
        // A machine without a machine id is told by its name alone, if neither name has one.
        let is_same_machine = self.machine == here.machine;
        !self.boot_id.is_empty() && is_same_machine && is_same(|name| &name.node)
    }
}

impl fmt::Display for WorkerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { node, machine, boot_id, namespace, process_id, started } = self;
        write!(f, "{node}/{machine}/{boot_id}/{namespace}/{process_id}/{started}")
    }
}

impl FromStr for WorkerName {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.split('/');
        let mut next = || parts.next().ok_or(());
        Ok(Self {
            node: next()?.to_owned(),
            machine: next()?.to_owned(),
            boot_id: next()?.to_owned(),
            namespace: next()?.to_owned(),
            process_id: next()?.parse().map_err(|_| ())?,
            started: next()?.parse().map_err(|_| ())?,
        })
    }
}

fn word(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default().trim().to_owned()
}

/// Whether no process of that number, or a younger one, is there. Another user's process may be hidden from `/proc`;
/// it still answers to being asked for.
fn is_gone(process_id: u32, started_then: u64) -> bool {
    use rustix::process::{Pid, test_kill_process};
    let Some(pid) = i32::try_from(process_id).ok().and_then(Pid::from_raw) else { return false };
    match started(process_id) {
        Some(started) => started != started_then || has_ended(process_id),
        None => test_kill_process(pid) == Err(rustix::io::Errno::SRCH),
    }
}

/// The number of the process namespace, out of `pid:[4026531836]`.
fn namespace() -> String {
    let link = fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    link.to_string_lossy().chars().filter(char::is_ascii_digit).collect()
}

/// When a process started, in ticks since boot: field 22 of `/proc/PID/stat`. `None` when it cannot be seen.
fn started(process_id: u32) -> Option<u64> {
    stat(process_id)?.split_whitespace().nth(19)?.parse().ok()
}

/// Whether a process has ended, and is only waited for.
fn has_ended(process_id: u32) -> bool {
    stat(process_id).is_some_and(|stat| stat.trim_start().starts_with(['Z', 'X']))
}

/// What stands in `/proc/PID/stat` after the name, which may hold anything: field 3 is the state.
fn stat(process_id: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{process_id}/stat")).ok()?;
    stat.rsplit_once(')').map(|(_, fields)| fields.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_reads_back_and_the_living_are_not_dead() {
        let here = WorkerName::current("a node/1");
        assert_eq!(here.to_string().parse(), Ok(here.clone()));
        assert!(!here.is_dead(&here));
    }

    #[test]
    fn the_dead_are_told_on_their_own_machine_only() {
        let here = WorkerName { machine: "m".into(), ..WorkerName::current("node") };
        let gone = WorkerName { started: here.started + 1, ..here.clone() };
        assert!(gone.is_dead(&here));
        assert!(!WorkerName { namespace: "1".into(), ..gone.clone() }.is_dead(&here));
        let before_reboot = WorkerName { boot_id: "other".into(), ..here.clone() };
        assert!(before_reboot.is_dead(&here));
        for elsewhere in [
            WorkerName { node: "other".into(), ..before_reboot.clone() },
            WorkerName { machine: "other".into(), ..before_reboot.clone() },
            WorkerName { machine: String::new(), ..before_reboot.clone() },
        ] {
            assert!(!elsewhere.is_dead(&here));
        }
        let nameless = |name: &WorkerName| WorkerName { machine: String::new(), ..name.clone() };
        assert!(
            nameless(&before_reboot).is_dead(&nameless(&here)),
            "a power cut on a machine without a machine id"
        );
        let other = WorkerName { node: "other".into(), ..nameless(&before_reboot) };
        assert!(!other.is_dead(&nameless(&here)));
    }
}

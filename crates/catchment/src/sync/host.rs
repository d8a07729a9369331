//! Who holds a run: a name for this process that another one on the same machine can tell to be dead.

use std::fmt;
use std::fs;
use std::str::FromStr;

/// A process: the machine's boot, the process namespace (a container has its own), the process and when it
/// started, as process numbers are used again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerName {
    node: String,
    boot_id: String,
    namespace: String,
    process_id: u32,
    started: u64,
}

impl WorkerName {
    /// This process, on the node of this name.
    pub fn current(node: &str) -> Self {
        let process_id = std::process::id();
        Self {
            node: node.replace(['/', ' '], "_").chars().take(100).collect(),
            boot_id: boot_id(),
            namespace: namespace(),
            process_id,
            started: started(process_id).unwrap_or_default(),
        }
    }

    /// Whether this is a process of the same machine and namespace that is gone. What cannot be told is not dead.
    pub fn is_dead(&self, here: &Self) -> bool {
        let is_visible = !self.boot_id.is_empty()
            && (&self.node, &self.namespace) == (&here.node, &here.namespace)
            && !self.namespace.is_empty();
        if !is_visible {
            return false;
        }
        self.boot_id != here.boot_id || started(self.process_id) != Some(self.started)
    }
}

impl fmt::Display for WorkerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { node, boot_id, namespace, process_id, started } = self;
        write!(f, "{node}/{boot_id}/{namespace}/{process_id}/{started}")
    }
}

impl FromStr for WorkerName {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.split('/');
        let mut next = || parts.next().ok_or(());
        Ok(Self {
            node: next()?.to_owned(),
            boot_id: next()?.to_owned(),
            namespace: next()?.to_owned(),
            process_id: next()?.parse().map_err(|_| ())?,
            started: next()?.parse().map_err(|_| ())?,
        })
    }
}

fn boot_id() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}

/// The number of the process namespace, out of `pid:[4026531836]`.
fn namespace() -> String {
    let link = fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    link.to_string_lossy().chars().filter(char::is_ascii_digit).collect()
}

/// When a process started, in ticks since boot: field 22 of `/proc/PID/stat`, counted after the name, which may
/// hold anything. `None` when there is no such process; one that has ended but was not waited for is none.
fn started(process_id: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{process_id}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace();
    match fields.next()? {
        "Z" | "X" => None,
        _ => fields.nth(18)?.parse().ok(),
    }
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
        let here = WorkerName::current("node");
        let gone = WorkerName { started: here.started + 1, ..here.clone() };
        assert!(gone.is_dead(&here));
        let before_reboot = WorkerName { boot_id: "other".into(), ..here.clone() };
        assert!(before_reboot.is_dead(&here));
        for elsewhere in [
            WorkerName { node: "other".into(), ..gone.clone() },
            WorkerName { namespace: "1".into(), ..gone.clone() },
        ] {
            assert!(!elsewhere.is_dead(&here));
        }
    }
}

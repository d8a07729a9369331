//! Three MariaDB nodes in a Galera cluster on loopback, and what may happen to them.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use rand::RngExt;
use rustix::process::Signal;
use tempfile::TempDir;

use super::context::TrialContext;
use super::trial_run::TrialRun;
use super::workload::Workload;
use xtask::database::Database;
use xtask::mariadb::{Server, free_port, make_data_directory, write_init_file};
use xtask::tools::{find, install, is_root};

const NODES: usize = 3;
/// How long a node may take to be in step with the others, a full copy of the data included.
const SYNC_TIMEOUT: Duration = Duration::from_secs(120);
const FROZEN: Duration = Duration::from_secs(30);
const AWAY: Duration = Duration::from_secs(10);

/// What may happen to a cluster, each some times, with workers on two of its nodes.
pub(super) fn on_cluster(stage: &mut TrialContext) -> Result<String> {
    let mut cluster = Cluster::start()?;
    let ports = cluster.ports();
    let play = Workload::new(stage, &Database::create(&ports, "reference")?)?;
    let mut events = vec![ClusterFault::Conflicts; 12];
    events.extend([ClusterFault::Kill, ClusterFault::Freeze, ClusterFault::Isolate].repeat(2));
    let (mut cycles, count) = (0, events.len());
    while !events.is_empty() {
        cycles += 1;
        let database = Database::create(&ports, &format!("cycle{cycles}"))?;
        // The same hosts, tried in another order: two nodes are written at the same time.
        let Database::MariaDb(_, name) = &database else { bail!("no cluster") };
        let turned = Database::MariaDb([&ports[1..], &ports[..1]].concat(), name.clone());
        let mut services = stage.start(1, &database, play.dir())?;
        services.extend(stage.start(1, &turned, play.dir())?);
        let performance = TrialRun { play: &play, database: &database, services };
        performance.run(stage, &mut |stage, _| {
            if events.is_empty() {
                return Ok(());
            }
            let event = events.swap_remove(stage.rng.random_range(0..events.len()));
            eprintln!("{event:?}");
            cluster.inject_fault(event, name)
        })?;
    }
    Ok(format!("{count} events in {cycles} cycles, {} conflicts", cluster.conflicts()))
}

/// The cluster; gone when it is dropped.
struct Cluster {
    nodes: Vec<Server>,
    conflicts: u64,
    _dir: TempDir,
}

/// What happens to it.
#[derive(Debug, Clone, Copy)]
enum ClusterFault {
    /// Somebody else changes rows on another node while they are synced.
    Conflicts,
    /// The node that is written is killed, and joins again.
    Kill,
    /// A node freezes and resumes.
    Freeze,
    /// A node is cut off from the others: it answers and refuses (1047).
    Isolate,
}

impl Cluster {
    fn start() -> Result<Self> {
        if !is_root() {
            bail!("the cluster's nodes run as the user mysql: this needs root");
        }
        let provider = Path::new("/usr/lib/galera/libgalera_smm.so");
        if !provider.is_file() || find("rsync").is_none() || find("lsof").is_none() {
            install("rsync", &["mariadb-server", "galera-4", "rsync", "lsof"])?;
        }
        let dir = TempDir::with_prefix("catchment-galera-")?;
        let group = (0..NODES).map(|_| free_port()).collect::<Result<Vec<_>>>()?;
        let addresses: Vec<_> = group.iter().map(|port| format!("127.0.0.1:{port}")).collect();
        let all = addresses.join(",");
        let mut nodes = Vec::new();
        for (number, address) in addresses.iter().enumerate() {
            let home = dir.path().join(format!("node{number}"));
            let (config, data) = (home.join("my.cnf"), home.join("data"));
            fs::create_dir_all(&data)?;
            let founds = number == 0;
            if founds {
                make_data_directory(&data, None)?;
                let init = write_init_file(&home)?;
                let config_text = configuration(provider, "", address)?;
                fs::write(&config, format!("{config_text}init_file = {}\n", init.display()))?;
            } else {
                fs::write(&config, configuration(provider, &all, address)?)?;
            }
            give_to_mysql(dir.path())?;
            let args = vec![OsString::from(format!("--defaults-file={}", config.display()))];
            let node = Server::start(&home, &data, free_port()?, args)?;
            wait_for_sync(&node)?;
            if founds {
                // It founds a cluster once, and joins the others when it is started again.
                fs::write(&config, configuration(provider, &all, address)?)?;
            }
            nodes.push(node);
        }
        Ok(Self { nodes, conflicts: 0, _dir: dir })
    }

    /// The ports that clients connect to.
    fn ports(&self) -> Vec<u16> {
        self.nodes.iter().map(|node| node.port).collect()
    }

    /// Transactions that lost against one of another node so far.
    fn conflicts(&self) -> u64 {
        self.conflicts + self.nodes.iter().map(conflicts_of).sum::<u64>()
    }

    fn inject_fault(&mut self, event: ClusterFault, database: &str) -> Result<()> {
        let [first, second, third] = &mut self.nodes[..] else { bail!("not three nodes") };
        match event {
            ClusterFault::Conflicts => {
                let sql = "UPDATE content_index SET created_at = created_at - INTERVAL 1 SECOND ORDER BY id LIMIT 3000";
                for _ in 0..10 {
                    // It may lose as well.
                    third.query(database, sql).ok();
                }
            }
            ClusterFault::Kill => {
                self.conflicts += conflicts_of(first);
                first.kill()?;
                thread::sleep(AWAY);
                first.restart()?;
                wait_for_sync(first)?;
            }
            ClusterFault::Freeze => {
                second.signal(Signal::STOP)?;
                thread::sleep(FROZEN);
                second.signal(Signal::CONT)?;
                wait_for_sync(second)?;
            }
            ClusterFault::Isolate => {
                first.query("try", "SET GLOBAL wsrep_provider_options = 'gmcast.isolate=1'")?;
                thread::sleep(FROZEN);
                first.query("try", "SET GLOBAL wsrep_provider_options = 'gmcast.isolate=0'")?;
                wait_for_sync(first)?;
            }
        }
        Ok(())
    }
}

fn conflicts_of(node: &Server) -> u64 {
    let sql = "SELECT SUM(variable_value) FROM information_schema.global_status \
               WHERE variable_name IN ('wsrep_local_cert_failures', 'wsrep_local_bf_aborts')";
    node.query("try", sql).ok().and_then(|sum| sum.trim().parse().ok()).unwrap_or_default()
}

/// A node's settings: it joins the group at these addresses, or founds one where there is none.
fn configuration(provider: &Path, group: &str, address: &str) -> Result<String> {
    let (for_changes, for_copies) = (free_port()?, free_port()?);
    Ok(format!(
        "[mysqld]
user = mysql
binlog_format = ROW
innodb_autoinc_lock_mode = 2
innodb_flush_log_at_trx_commit = 2
wsrep_on = ON
wsrep_provider = {}
wsrep_provider_options = \"gmcast.listen_addr=tcp://{address};ist.recv_addr=127.0.0.1:{for_changes}\"
wsrep_cluster_name = catchment
wsrep_cluster_address = gcomm://{group}
wsrep_node_address = {address}
wsrep_sst_method = rsync
wsrep_sst_receive_address = 127.0.0.1:{for_copies}
",
        provider.display()
    ))
}

fn give_to_mysql(dir: &Path) -> Result<()> {
    let status = Command::new("chown").args(["-R", "mysql:mysql"]).arg(dir).status()?;
    if !status.success() {
        bail!("chown to mysql: {status}");
    }
    Ok(())
}

/// Waits until a node has all that the others have.
fn wait_for_sync(node: &Server) -> Result<()> {
    let began = Instant::now();
    let sql = "SHOW STATUS LIKE 'wsrep_local_state_comment'";
    while !node.query("try", sql).is_ok_and(|state| state.contains("Synced")) {
        if began.elapsed() > SYNC_TIMEOUT {
            bail!("a node is not in step with the others after {} s", SYNC_TIMEOUT.as_secs());
        }
        thread::sleep(Duration::from_millis(200));
    }
    Ok(())
}

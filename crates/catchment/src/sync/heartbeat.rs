//! The heartbeat of an attempt: its lease is renewed as long as it lives.

use tokio_util::sync::CancellationToken;

use crate::store::{LEASE, Lease, Store};

/// Renews the lease until it is lost. A database that is away says nothing about the lease; the fence does.
pub(super) async fn beat(store: Store, lease: Lease, lost: CancellationToken) {
    loop {
        tokio::time::sleep(LEASE / 3).await;
        match store.renew_lease(lease).await {
            Ok(true) => {}
            Ok(false) => return lost.cancel(),
            Err(error) => tracing::debug!(run = lease.run_id, %error, "the lease could not be renewed"),
        }
    }
}

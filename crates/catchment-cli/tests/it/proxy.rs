//! A network between the service and its database that loses what a test wants lost.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Passes everything on, until a COMMIT is to be lost.
pub struct Proxy {
    pub address: SocketAddr,
    loses_commit: Arc<AtomicBool>,
}

impl Proxy {
    pub async fn start(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, loses_commit) = (listener.local_addr().unwrap(), Arc::new(AtomicBool::new(false)));
        let flag = loses_commit.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass_on(client, server.clone(), flag.clone()));
            }
        });
        Self { address, loses_commit }
    }

    /// The next COMMIT arrives, and the connection ends before its answer does.
    pub fn lose_next_commit(&self) {
        self.loses_commit.store(true, Ordering::SeqCst);
    }

    pub fn has_lost_it(&self) -> bool {
        !self.loses_commit.load(Ordering::SeqCst)
    }
}

/// Both ways, packet by packet, as they come; a connection that fails on either side just ends.
async fn pass_on(
    mut client: TcpStream,
    server: String,
    loses_commit: Arc<AtomicBool>,
) -> std::io::Result<()> {
    let mut server = TcpStream::connect(server).await?;
    let (mut up, mut down) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        tokio::select! {
            sent = client.read(&mut up) => match sent? {
                0 => return Ok(()),
                count => {
                    server.write_all(&up[..count]).await?;
                    let is_commit = up[..count].ends_with(b"\x03COMMIT");
                    if is_commit && loses_commit.swap(false, Ordering::SeqCst) {
                        // The answer proves that it was carried out; it is not passed on.
                        return server.read(&mut down).await.map(|_| ());
                    }
                }
            },
            answered = server.read(&mut down) => match answered? {
                0 => return Ok(()),
                count => client.write_all(&down[..count]).await?,
            },
        }
    }
}

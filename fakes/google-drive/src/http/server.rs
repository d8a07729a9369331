//! An HTTP/1.1 server on loopback with its hands on the socket.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use super::reply::{Delivery, Reply};
use super::request::{Request, read_request};

/// Makes an answer, and the `Date` that it is sent with.
pub(crate) type Handler = dyn Fn(&Request) -> (Reply, String) + Send + Sync;

/// A server that ends when it is dropped, with its connections.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    task: JoinHandle<()>,
}

/// The largest piece of a body that is written at once, so that a client sees a large one arrive in parts.
const PIECE: usize = 64 * 1024;

impl Server {
    pub(crate) async fn start(handler: Arc<Handler>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            // Dropped with the task, and the connections with it.
            let mut connections = JoinSet::new();
            loop {
                tokio::select! {
                    accepted = listener.accept() => {
                        let Ok((stream, _)) = accepted else { continue };
                        connections.spawn(converse(stream, handler.clone()));
                    }
                    Some(_) = connections.join_next() => {}
                }
            }
        });
        Self { address, task }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Serves a connection. A client that goes away is no concern of the server.
async fn converse(stream: TcpStream, handler: Arc<Handler>) {
    // Pieces of a slow body are to arrive as they are sent; where that cannot be had, they arrive together.
    stream.set_nodelay(true).ok();
    let mut stream = BufReader::new(stream);
    while let Some(request) = read_request(&mut stream).await {
        let (reply, date) = handler(&request);
        if send(&mut stream, &reply, &date).await.is_none() {
            return;
        }
    }
}

/// Sends an answer; `None` where the connection has ended with it.
async fn send(stream: &mut BufReader<TcpStream>, reply: &Reply, date: &str) -> Option<()> {
    let head = reply.head(date);
    let part = |after: usize| &reply.body[..after.min(reply.body.len())];
    match reply.delivery {
        Delivery::Whole => {
            stream.write_all(head.as_bytes()).await.ok()?;
            for piece in reply.body.chunks(PIECE) {
                write_piece(stream, reply, piece).await?;
            }
            end_chunks(stream, reply).await
        }
        Delivery::Slow { piece, pause } => {
            stream.write_all(head.as_bytes()).await.ok()?;
            for piece in reply.body.chunks(piece) {
                tokio::time::sleep(pause).await;
                write_piece(stream, reply, piece).await?;
            }
            end_chunks(stream, reply).await
        }
        Delivery::Cut { after, is_announced } => {
            stream.write_all(head.as_bytes()).await.ok()?;
            if is_announced {
                write_piece(stream, reply, part(after)).await?;
            } else {
                stream.write_all(part(after)).await.ok()?;
            }
            stream.shutdown().await.ok()?;
            None
        }
        Delivery::Reset { after } => {
            if after > 0 {
                stream.write_all(head.as_bytes()).await.ok()?;
                write_piece(stream, reply, part(after)).await?;
            }
            stream.get_ref().set_zero_linger().ok()?;
            None
        }
        Delivery::Stall { after } => {
            stream.write_all(head.as_bytes()).await.ok()?;
            write_piece(stream, reply, part(after)).await?;
            wait_for_end(stream).await
        }
        Delivery::Silence => wait_for_end(stream).await,
    }
}

/// Until the client goes away.
async fn wait_for_end(stream: &mut BufReader<TcpStream>) -> Option<()> {
    let mut rest = [0; 1];
    while stream.read(&mut rest).await.is_ok_and(|length| length > 0) {}
    None
}

async fn write_piece(stream: &mut BufReader<TcpStream>, reply: &Reply, piece: &[u8]) -> Option<()> {
    if reply.is_chunked && !piece.is_empty() {
        stream.write_all(format!("{:x}\r\n", piece.len()).as_bytes()).await.ok()?;
        stream.write_all(piece).await.ok()?;
        stream.write_all(b"\r\n").await.ok()?;
    } else {
        stream.write_all(piece).await.ok()?;
    }
    stream.flush().await.ok()
}

async fn end_chunks(stream: &mut BufReader<TcpStream>, reply: &Reply) -> Option<()> {
    if reply.is_chunked {
        stream.write_all(b"0\r\n\r\n").await.ok()?;
    }
    stream.flush().await.ok()
}

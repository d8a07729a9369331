//! What happens to an answer that was right, on its way.

use std::io::Write;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::http::reply::{Delivery, Reply};
use crate::world::walk::WRONG_MD5;

/// A part of a body.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Share {
    Half,
    Bytes(usize),
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Damage {
    Halve,
    Cut { after: Share, is_announced: bool },
    Reset(Share),
    Stall,
    Silence,
    Slow { piece: usize, pause: Duration },
    WrongMd5,
    WrongByte,
    GzipBomb(usize),
}

impl Share {
    const fn of(self, body: &[u8]) -> usize {
        match self {
            Self::Half => body.len() / 2,
            Self::Bytes(bytes) => bytes,
        }
    }
}

impl Damage {
    pub(crate) fn apply(self, mut reply: Reply) -> Reply {
        match self {
            Self::Halve => reply.body.truncate(reply.body.len() / 2),
            Self::Cut { after, is_announced } => {
                reply.delivery = Delivery::Cut { after: after.of(&reply.body), is_announced };
            }
            Self::Reset(after) => reply.delivery = Delivery::Reset { after: after.of(&reply.body) },
            Self::Stall => reply.delivery = Delivery::Stall { after: reply.body.len() / 2 },
            Self::Silence => reply.delivery = Delivery::Silence,
            Self::Slow { piece, pause } => reply.delivery = Delivery::Slow { piece: piece.max(1), pause },
            Self::WrongMd5 => set_wrong_md5(&mut reply),
            Self::WrongByte => {
                let middle = reply.body.len() / 2;
                if let Some(byte) = reply.body.get_mut(middle) {
                    *byte ^= 1;
                }
            }
            Self::GzipBomb(bytes) => {
                reply.body = vec![0; bytes];
                reply = pack(reply);
            }
        }
        reply
    }
}

/// Packs a body with gzip.
pub(crate) fn pack(mut reply: Reply) -> Reply {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&reply.body).unwrap();
    reply.body = encoder.finish().unwrap();
    reply.header("content-encoding", "gzip")
}

fn set_wrong_md5(reply: &mut Reply) {
    let Ok(mut body) = serde_json::from_slice::<Value>(&reply.body) else { return };
    replace_md5(&mut body);
    reply.body = body.to_string().into_bytes();
}

fn replace_md5(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(replace_md5),
        Value::Object(object) => {
            for (name, value) in object {
                if name == "md5Checksum" {
                    *value = json!(WRONG_MD5);
                } else {
                    replace_md5(value);
                }
            }
        }
        _ => {}
    }
}

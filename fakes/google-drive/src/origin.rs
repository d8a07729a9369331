//! The five hosts of Google that a client talks to, each on a port of its own here.

/// A host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// `www.googleapis.com/drive/v3`
    Drive,
    /// `sheets.googleapis.com`
    Sheets,
    /// `oauth2.googleapis.com`
    Token,
    /// `docs.google.com`, where export links point to. It needs the token.
    Docs,
    /// `*.googleusercontent.com`, where these redirect to. It must not see the token.
    Content,
}

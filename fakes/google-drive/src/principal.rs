//! Who uses the Drive: permissions, change logs and tokens are all kept per user.

/// A user of the fake. Each sees only its own items and what is shared with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Principal {
    /// A service account, with an own and empty My Drive.
    ServiceAccount,
    /// A person, in whose My Drive things are made unless told otherwise.
    User,
}

impl Principal {
    /// All users there are.
    pub const ALL: [Self; 2] = [Self::ServiceAccount, Self::User];

    /// The e-mail address that files are shared with.
    #[must_use]
    pub const fn email(self) -> &'static str {
        match self {
            Self::ServiceAccount => "catchment@fake-project.iam.gserviceaccount.com",
            Self::User => "ada@example.org",
        }
    }

    pub(crate) const fn display_name(self) -> &'static str {
        match self {
            Self::ServiceAccount => "catchment",
            Self::User => "Ada Example",
        }
    }

    pub(crate) const fn permission_id(self) -> &'static str {
        match self {
            Self::ServiceAccount => "09812345678901234567",
            Self::User => "11223344556677889900",
        }
    }

    /// The user with an e-mail address.
    pub(crate) fn of_email(email: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|principal| principal.email() == email)
    }
}

//! Redaction: secrets in use are masked in everything that repeats the other side, in whatever spelling it does.

use std::borrow::Cow;
use std::sync::Mutex;

use catchment_core::truncate_text;

/// Shorter secrets are not masked: they would mask half of any message.
const MIN_SECRET: usize = 4;
/// The same for values of a query, most of which are none.
const MIN_QUERY_SECRET: usize = 8;
/// Bytes of the other side's words that are quoted.
const QUOTE_BYTES: usize = 500;

/// Masks the secrets in use, in the forms in which an answer may repeat them.
#[derive(Default)]
pub(super) struct Redactor {
    /// The longest first.
    secrets: Mutex<Vec<Masked>>,
}

/// A text that is masked.
struct Masked {
    text: String,
    /// It is one of authentication, and not merely the value of a parameter.
    is_credential: bool,
}

impl Redactor {
    /// Masks a secret from now on, as it is and as URLs, JSON and HTML spell it.
    pub(super) fn mask(&self, text: &str) {
        if text.len() >= MIN_SECRET {
            self.mask_spellings(text, true);
        }
    }

    /// The same for the value of a parameter, if it is long enough to be a secret.
    pub(super) fn mask_query(&self, value: &str) {
        if value.len() >= MIN_QUERY_SECRET {
            self.mask_spellings(value, false);
        }
    }

    fn mask_spellings(&self, text: &str, is_credential: bool) {
        let form: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
        let json = serde_json::Value::from(text).to_string();
        let html =
            text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
        let percent = form.replace('+', "%20");
        let lower = percent.to_ascii_lowercase();
        let spellings = [text, &form, &percent, &lower, json.trim_matches('"'), &html];
        let Ok(mut secrets) = self.secrets.lock() else { return };
        for spelling in spellings {
            if !secrets.iter().any(|known| known.text == spelling && known.is_credential >= is_credential) {
                secrets.push(Masked { text: spelling.to_owned(), is_credential });
            }
        }
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.text.len()));
    }

    /// Whether a text repeats a credential.
    pub(super) fn holds_credential(&self, text: &str) -> bool {
        let holds = |secrets: &Vec<Masked>| {
            secrets.iter().any(|secret| secret.is_credential && text.contains(&secret.text))
        };
        self.secrets.lock().is_ok_and(|secrets| holds(&secrets))
    }

    /// A text without the secrets in use. Everything that repeats the other side goes through here.
    pub(super) fn clean<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let Ok(secrets) = self.secrets.lock() else { return Cow::Borrowed("***") };
        secrets.iter().fold(Cow::Borrowed(text), |text, Masked { text: secret, .. }| {
            if text.contains(secret) { text.replace(secret, "***").into() } else { text }
        })
    }

    /// The beginning of words of the other side, redacted before they are cut.
    pub(super) fn quote(&self, text: &str) -> String {
        truncate_text(self.clean(text.trim()).trim(), QUOTE_BYTES)
    }
}

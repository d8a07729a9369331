//! Errors in logs: their parts as fields, so that JSON logs can be searched by them.

/// Logs an [`Error`](crate::Error) by `tracing`, which the caller's crate depends on: its kind, its code, its message, and
/// what it has of the context `url`, `page`, `path`, `file` and `line`. Other fields and the message follow, as in
/// `log_error!(WARN, &error, run = 7, "the attempt failed")`.
#[macro_export]
macro_rules! log_error {
    (target: $target:expr, $level:ident, $error:expr, $($rest:tt)+) => {{
        let error: &$crate::Error = $error;
        tracing::event!(
            target: $target,
            tracing::Level::$level,
            kind = %error.kind(),
            code = error.code(),
            url = error.get("url"),
            page = error.get("page"),
            path = error.get("path"),
            file = error.get("file"),
            line = error.get("line"),
            %error,
            $($rest)+
        )
    }};
    ($level:ident, $error:expr, $($rest:tt)+) => {
        $crate::log_error!(target: module_path!(), $level, $error, $($rest)+)
    };
}

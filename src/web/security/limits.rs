//! How large a request may be, by what it announces; bodies without a length are counted while they are read.

use actix_web::http::header::{CONTENT_LENGTH, HeaderMap};

use crate::error::WebError;

/// Most bytes of one picture that somebody asks about.
pub(crate) const MOST_PICTURE: u64 = 64 << 20;

/// Most bytes of a request body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BodyLimits {
    /// Of JSON and forms: a statement, the edits of one image.
    pub usual: usize,
    /// Of an upload as a whole.
    pub upload: u64,
}

impl Default for BodyLimits {
    fn default() -> Self {
        Self { usual: 8 << 20, upload: 50 << 30 }
    }
}

impl BodyLimits {
    /// Refuses a body that announces more than its address takes.
    pub(crate) fn check(&self, path: &str, headers: &HeaderMap) -> Result<(), WebError> {
        let limit = match path.rsplit('/').next() {
            Some("uploads") => self.upload,
            Some("pictures") => MOST_PICTURE,
            _ => self.usual as u64,
        };
        let Some(announced) = headers.get(CONTENT_LENGTH) else { return Ok(()) };
        match announced.to_str().ok().and_then(|text| text.parse::<u64>().ok()) {
            Some(bytes) if bytes <= limit => Ok(()),
            Some(_) => Err(WebError::too_large(limit)),
            None => Err(WebError::bad_request("Content-Length is not a number")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_uploads_may_be_large() {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_LENGTH, "20000000".parse().unwrap());
        let limits = BodyLimits::default();
        assert!(limits.check("/api/v1/datasets/coins/uploads", &headers).is_ok());
        assert!(limits.check("/api/v1/datasets/coins/similar/pictures", &headers).is_ok());
        assert_eq!(limits.check("/api/v1/sql", &headers).unwrap_err().code, "too_large");
    }
}

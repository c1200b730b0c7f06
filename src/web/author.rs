//! Who makes a request, by their own word: the header `X-Tator-Author`, else the cookie that the name form sets, else
//! nobody in particular. Names are for the history and for each other; what lets a request in is the lock.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{COOKIE, HeaderMap};
use actix_web::{FromRequest, HttpRequest};
use tator_domain::PersonName;

use crate::addresses::encoded;
use crate::error::WebError;
use crate::mounted::Mount;

/// Header in which a program says on whose behalf it works; percent-encoded UTF-8.
const HEADER: &str = "x-tator-author";
/// Cookie in which a browser keeps the name.
const NAME: &str = "tator_name";

/// Who makes a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Author {
    said: Option<PersonName>,
}

impl Author {
    /// The name for the history.
    #[must_use]
    pub fn name(&self) -> String {
        self.said.clone().unwrap_or_default().to_string()
    }

    /// The name, when somebody has said one.
    #[must_use]
    pub fn said(&self) -> Option<&PersonName> {
        self.said.as_ref()
    }

    /// A name in a header was meant; a cookie that cannot be read is as good as none.
    fn of(headers: &HeaderMap) -> Result<Self, WebError> {
        if let Some(header) = headers.get(HEADER) {
            let text = header.to_str().ok().and_then(decoded).unwrap_or_default();
            let name = text.parse().map_err(|error| {
                WebError::invalid("X-Tator-Author", format!("X-Tator-Author: {error}"))
                    .hint("send a name of 1 to 60 characters, percent-encoded when it is not plain ASCII")
            })?;
            return Ok(Self { said: Some(name) });
        }
        let cookies = headers.get_all(COOKIE).filter_map(|header| header.to_str().ok());
        let said = cookies
            .flat_map(|header| header.split(';'))
            .find_map(|pair| decoded(pair.trim().strip_prefix(NAME)?.strip_prefix('=')?)?.parse().ok());
        Ok(Self { said })
    }
}

impl FromRequest for Author {
    type Error = WebError;
    type Future = Ready<Result<Self, WebError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(request.headers()))
    }
}

/// The `Set-Cookie` that keeps a name for a year, or forgets it.
#[must_use]
pub fn cookie(name: Option<&PersonName>, mount: &Mount) -> String {
    let (value, age) = name.map_or_else(|| (String::new(), 0), |name| (encoded(name.as_str()), 31_536_000));
    format!("{NAME}={value}; HttpOnly; SameSite=Strict; Max-Age={age}; {}", mount.cookie_scope())
}

/// Text without its `%XX`; `None` when that is no UTF-8.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let code = (*first == b'%').then(|| after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok())).flatten();
        match code.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn author(pairs: &[(&str, &str)]) -> Result<Author, WebError> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name.parse().unwrap(), value.parse().unwrap());
        }
        Author::of(&headers)
    }

    #[test]
    fn a_name_comes_from_the_header_or_the_cookie_or_is_nobodys() {
        assert_eq!(author(&[]).unwrap().name(), "human");
        let cookie = ("cookie", "a=b; tator_name=Zo%C3%AB%20B");
        assert_eq!(author(&[cookie]).unwrap().name(), "Zoë B");
        assert_eq!(author(&[cookie, ("x-tator-author", "script 7")]).unwrap().name(), "script 7");
        assert_eq!(author(&[("cookie", "tator_name=%FF")]).unwrap().said(), None);
        assert!(author(&[("x-tator-author", "%20")]).is_err());
    }

    #[test]
    fn a_cookie_gives_its_name_back() {
        let name: PersonName = "Zoë; Path=/evil, 100 %".parse().unwrap();
        let cookie = cookie(Some(&name), &Mount::default());
        let value = cookie.split(';').next().unwrap();
        assert_eq!(author(&[("cookie", value)]).unwrap().said(), Some(&name));
    }
}

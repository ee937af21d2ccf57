//! Tokens that a backend must refuse, made from one that it accepts. Only JWTs are understood (RFC 7519, signed as in
//! RFC 7515); of any other token just the general defects are made.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Map, Value, json};
use sha2::Sha256;

use crate::config::Secret;
use crate::recording::TokenUse;

/// An access token, good or bad. It shows itself as `***`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token(Secret);

impl Token {
    /// Wraps a token's text.
    pub fn new(text: impl Into<std::sync::Arc<str>>) -> Self {
        Self(Secret::new(text))
    }

    /// The token itself, to be sent.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// The token as something to hide.
    #[must_use]
    pub fn secret(&self) -> &Secret {
        &self.0
    }
}

impl From<Secret> for Token {
    fn from(secret: Secret) -> Self {
        Self(secret)
    }
}

/// What a login gives.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// The access token.
    pub access: Token,
    /// The refresh token, where the answer has one under `refreshToken` or `refresh_token`.
    pub refresh: Option<Token>,
}

/// A token that must be refused.
#[derive(Debug, Clone)]
pub struct BadToken {
    /// What is wrong with it.
    pub defect: TokenUse,
    /// The token; none for [`TokenUse::Missing`].
    pub token: Option<Token>,
    /// Whether it is rightly signed, with the secret, so that only this defect can be why it is refused.
    pub made_from_secret: bool,
}

/// Why the configured secret is of no use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The backend signs in another way.
    #[error(
        "[auth] secret makes HS256 tokens, but the target's token says `alg: {0}`; \
         remove `secret` (expired tokens are then not tried)"
    )]
    OtherAlgorithm(String),
    /// The good token's signature is not what the secret makes of it.
    #[error(
        "[auth] secret is not what the target signs its tokens with: the good token's signature is another one; \
         set the backend's own secret, or remove `secret` (expired tokens are then not tried)"
    )]
    OtherSecret,
}

/// How long an expired token has been expired, and how much later a tampered one would expire, in seconds.
const HOUR: i64 = 3600;

/// Every defect that can be made of a good token. `now` is in Unix seconds.
///
/// An expired token needs the secret; it is left out without it, as a wrong signature would be refused anyway and prove
/// nothing. Of a token that is no JWT only a missing, a garbage and an altered one are made.
///
/// # Errors
/// [`TokenError`] when the secret does not sign the good token: whatever it made would be refused for that alone.
pub fn bad_tokens(good: &Token, secret: Option<&Secret>, now: i64) -> Result<Vec<BadToken>, TokenError> {
    let bad =
        |defect, token: Option<String>| BadToken { defect, token: token.map(Token::new), made_from_secret: false };
    let mut all = vec![bad(TokenUse::Missing, None), bad(TokenUse::Garbage, Some("not-a-token".to_owned()))];
    let Some(jwt) = Jwt::parse(good.expose()) else {
        all.push(bad(TokenUse::Tampered, Some(altered(good.expose()))));
        return Ok(all);
    };
    if let Some(secret) = secret {
        jwt.check_signed_by(secret)?;
        let expired = jwt.expired(now).signed(secret.expose().as_bytes());
        all.push(BadToken { defect: TokenUse::Expired, token: Some(Token::new(expired)), made_from_secret: true });
    }
    let stranger: [u8; 32] = std::array::from_fn(|_| fastrand::u8(..));
    all.push(bad(TokenUse::Tampered, Some(jwt.with_later_expiry(now).with_signature(&jwt.signature))));
    all.push(bad(TokenUse::WrongKey, Some(jwt.with_algorithm("HS256").signed(&stranger))));
    all.push(bad(TokenUse::AlgNone, Some(jwt.with_algorithm("none").with_signature(""))));
    Ok(all)
}

/// A token of unknown make with one character in its middle changed.
fn altered(token: &str) -> String {
    let middle = token.chars().count() / 2;
    let other = |c| if c == 'A' { 'B' } else { 'A' };
    token.chars().enumerate().map(|(at, c)| if at == middle { other(c) } else { c }).collect()
}

/// A JWT taken apart.
#[derive(Clone)]
struct Jwt {
    header: Map<String, Value>,
    claims: Map<String, Value>,
    /// As it was, base64url.
    signature: String,
    /// The part that the signature covers, as it was.
    signed_part: String,
}

impl Jwt {
    fn parse(token: &str) -> Option<Self> {
        let (signed_part, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed_part.split_once('.')?;
        let object = |part: &str| serde_json::from_slice(&BASE64URL.decode(part).ok()?).ok();
        Some(Self {
            header: object(header)?,
            claims: object(claims)?,
            signature: signature.to_owned(),
            signed_part: signed_part.to_owned(),
        })
    }

    fn check_signed_by(&self, secret: &Secret) -> Result<(), TokenError> {
        match self.header.get("alg").and_then(Value::as_str) {
            Some("HS256") if sign(&self.signed_part, secret.expose().as_bytes()) == self.signature => Ok(()),
            Some("HS256") => Err(TokenError::OtherSecret),
            other => Err(TokenError::OtherAlgorithm(other.unwrap_or("nothing").to_owned())),
        }
    }

    /// Expired for an hour, and issued before that.
    fn expired(&self, now: i64) -> Self {
        let mut jwt = self.clone();
        for (claim, time) in [("iat", now - 2 * HOUR), ("nbf", now - 2 * HOUR)] {
            if let Some(value) = jwt.claims.get_mut(claim) {
                *value = json!(time);
            }
        }
        jwt.claims.insert("exp".to_owned(), json!(now - HOUR));
        jwt
    }

    fn with_later_expiry(&self, now: i64) -> Self {
        let mut jwt = self.clone();
        let expiry = self.claims.get("exp").and_then(Value::as_i64).unwrap_or(now);
        jwt.claims.insert("exp".to_owned(), json!(expiry.saturating_add(HOUR)));
        jwt
    }

    fn with_algorithm(&self, algorithm: &str) -> Self {
        let mut jwt = self.clone();
        jwt.header.insert("alg".to_owned(), json!(algorithm));
        jwt
    }

    fn with_signature(&self, signature: &str) -> String {
        format!("{}.{signature}", self.unsigned())
    }

    fn signed(&self, key: &[u8]) -> String {
        self.with_signature(&sign(&self.unsigned(), key))
    }

    fn unsigned(&self) -> String {
        let part = |object: &Map<String, Value>| BASE64URL.encode(Value::Object(object.clone()).to_string());
        format!("{}.{}", part(&self.header), part(&self.claims))
    }
}

fn sign(text: &str, key: &[u8]) -> String {
    BASE64URL.encode(hmac_sha256(key, text.as_bytes()))
}

/// HMAC-SHA256, as JWTs (HS256) and webhook signatures use it.
pub(super) fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    // HMAC takes keys of any length, so this never fails; an impossible key signs nothing rather than panics.
    Hmac::<Sha256>::new_from_slice(key).map_or([0; 32], |mac| mac.chain_update(message).finalize().into_bytes().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_771_929_000;
    const KEY: &str = "local-development-secret-not-for-production";

    fn good() -> Token {
        let header = json!({"alg": "HS256", "typ": "JWT"});
        let claims = json!({"sub": "agent", "token_type": "access", "iat": NOW - 10, "exp": NOW + 24 * HOUR});
        let signed_part = format!("{}.{}", BASE64URL.encode(header.to_string()), BASE64URL.encode(claims.to_string()));
        Token::new(format!("{signed_part}.{}", sign(&signed_part, KEY.as_bytes())))
    }

    fn made(secret: Option<&str>) -> Vec<BadToken> {
        bad_tokens(&good(), secret.map(Secret::new).as_ref(), NOW).unwrap()
    }

    fn jwt(all: &[BadToken], defect: TokenUse) -> Jwt {
        let bad = all.iter().find(|bad| bad.defect == defect).unwrap();
        Jwt::parse(bad.token.as_ref().unwrap().expose()).unwrap()
    }

    fn rightly_signed(jwt: &Jwt) -> bool {
        jwt.check_signed_by(&Secret::new(KEY)).is_ok()
    }

    #[test]
    fn hs256_signs_as_the_standard_says() {
        // The example of RFC 7515, appendix A.1.
        let key = BASE64URL
            .decode("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow")
            .unwrap();
        let signed_part = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.\
                           eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        assert_eq!(sign(signed_part, &key), "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    }

    #[test]
    fn an_expired_token_is_rightly_signed_and_otherwise_good() {
        let expired = jwt(&made(Some(KEY)), TokenUse::Expired);
        assert!(rightly_signed(&expired));
        assert_eq!(
            Value::Object(expired.claims),
            json!({
                "sub": "agent", "token_type": "access", "iat": NOW - 2 * HOUR, "exp": NOW - HOUR
            })
        );
    }

    #[test]
    fn without_the_secret_no_expired_token_is_made() {
        assert!(made(None).iter().all(|bad| bad.defect != TokenUse::Expired && !bad.made_from_secret));
    }

    #[test]
    fn each_other_defect_leaves_all_else_good() {
        let all = made(None);
        let good = Jwt::parse(good().expose()).unwrap();

        let tampered = jwt(&all, TokenUse::Tampered);
        assert_eq!((&tampered.header, &tampered.signature), (&good.header, &good.signature));
        assert_ne!(tampered.claims, good.claims);

        let wrong_key = jwt(&all, TokenUse::WrongKey);
        assert_eq!((&wrong_key.header, &wrong_key.claims), (&good.header, &good.claims));
        assert!(!rightly_signed(&wrong_key));

        let none = jwt(&all, TokenUse::AlgNone);
        assert_eq!(
            (none.header["alg"].as_str(), none.signature.as_str(), &none.claims),
            (Some("none"), "", &good.claims)
        );
    }

    #[test]
    fn an_opaque_token_is_altered_by_a_character() {
        let all = bad_tokens(&Token::new("opaqueAtoken"), None, NOW).unwrap();
        let defects: Vec<_> = all.iter().map(|bad| bad.defect).collect();
        assert_eq!(defects, [TokenUse::Missing, TokenUse::Garbage, TokenUse::Tampered]);
        assert_eq!(all[2].token.as_ref().unwrap().expose(), "opaqueBtoken");
    }

    #[test]
    fn a_secret_that_does_not_sign_the_good_token_is_told() {
        let error = bad_tokens(&good(), Some(&Secret::new("another")), NOW).unwrap_err();
        assert!(error.to_string().starts_with("[auth] secret is not what the target signs its tokens with"), "{error}");
    }

    #[test]
    fn a_secret_for_another_algorithm_is_told() {
        let header = BASE64URL.encode(json!({"alg": "RS256"}).to_string());
        let token = Token::new(format!("{header}.{}.c2ln", BASE64URL.encode("{}")));
        let error = bad_tokens(&token, Some(&Secret::new(KEY)), NOW).unwrap_err();
        assert_eq!(error, TokenError::OtherAlgorithm("RS256".to_owned()));
    }
}

//! The signature of a webhook body: `X-Hub-Signature-256: sha256=<hex HMAC-SHA256 of the raw body>`.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The header's name.
pub(crate) const HEADER: &str = "x-hub-signature-256";

/// Whether the body was signed with the secret. Takes the same time however much of the signature is right.
pub(crate) fn is_right(secret: &str, header: Option<&[u8]>, body: &[u8]) -> bool {
    let signature =
        header.and_then(|header| header.strip_prefix(b"sha256=")).and_then(|digits| hex::decode(digits).ok());
    let Some(signature) = signature else { return false };
    Hmac::<Sha256>::new_from_slice(secret.as_bytes())
        .is_ok_and(|hmac| hmac.chain_update(body).verify_slice(&signature).is_ok())
}

/// The header that says that a body comes from whoever knows the secret.
pub(crate) fn of(secret: &str, body: &[u8]) -> Option<String> {
    let hmac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    Some(format!("sha256={}", hex::encode(hmac.chain_update(body).finalize().into_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test case 2.
    const SECRET: &str = "Jefe";
    const BODY: &[u8] = b"what do ya want for nothing?";
    const SIGNATURE: &str = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";

    #[test]
    fn the_right_signature_is_accepted() {
        assert_eq!(of(SECRET, BODY).as_deref(), Some(SIGNATURE));
        assert!(is_right(SECRET, Some(SIGNATURE.as_bytes()), BODY));
    }

    #[test]
    fn a_wrong_missing_short_or_malformed_one_is_not() {
        assert!(!is_right(SECRET, None, BODY));
        assert!(!is_right(SECRET, Some(SIGNATURE.as_bytes()), b"what do ya want for nothing!"));
        assert!(!is_right("another", Some(SIGNATURE.as_bytes()), BODY));
        for header in ["", "sha256=", "sha256=zz", &SIGNATURE[7..], &SIGNATURE[..69], &SIGNATURE.replace("256=", "1=")]
        {
            assert!(!is_right(SECRET, Some(header.as_bytes()), BODY), "{header}");
        }
    }
}

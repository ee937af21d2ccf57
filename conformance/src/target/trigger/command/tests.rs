//! The command trigger with real programs.

use fixtures::webhooks::MessageKind;

use super::*;
use crate::target::Target;
use crate::target::trigger::tests::{batch, target};

fn shell(script: &str, more: &str) -> Target {
    let settings = format!(
        "[trigger]\nkind = \"command\"\nprogram = \"sh\"\nargs = [\"-c\", '''{script}''']\n{more}\n\
         [auth]\ntoken = \"opaque-token\""
    );
    target("http://127.0.0.1:1", &settings)
}

#[tokio::test]
async fn a_program_finds_the_message_in_its_environment() {
    let script = r#"test "$CONFORMANCE_TEXT,$CONFORMANCE_NUMBER,$CONFORMANCE_NAME,$CONFORMANCE_CUSTOMER_TYPE,$CONFORMANCE_CHANNEL,$CONFORMANCE_MESSAGE_ID,$CONFORMANCE_TIMESTAMP,$CONFORMANCE_ROOM,$CONFORMANCE_EVENT,$OWN" = 'a "b" $c,15550101000,Vivek,Partner,15550100101,wamid.0,1771929000,PartnerApp,room_update,mine'"#;
    let target = shell(script, "env = { OWN = \"mine\" }");
    let accepted = target.trigger.send(&batch(&["a \"b\" $c"])).await.unwrap();
    assert_eq!((accepted.request.as_str(), accepted.detail.as_str()), ("sh", "exit code 0"));
}

#[tokio::test]
async fn a_program_that_fails_is_quoted() {
    let error = shell("echo no opaque-token >&2; exit 3", "").trigger.send(&batch(&["one"])).await.unwrap_err();
    assert_eq!(error.to_string(), "sh ended with exit code 3: no ***; expected exit code 0");
}

#[tokio::test]
async fn a_program_that_does_not_end_is_killed_and_quoted() {
    let target = shell("echo waiting >&2; exec sleep 600", "timeout = \"300ms\"");
    let error = target.trigger.send(&batch(&["one"])).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "sh did not end within 300ms and was killed: waiting; see `timeout` in its section of the configuration"
    );
}

#[tokio::test]
async fn of_a_long_output_the_end_is_quoted_from_a_whole_word_on() {
    let target = shell("printf '%998s' | tr ' ' x >&2; echo ' the end' >&2; exit 1", "");
    let error = target.trigger.send(&batch(&["one"])).await.unwrap_err();
    assert_eq!(error.to_string(), "sh ended with exit code 1: the end; expected exit code 0");
}

#[tokio::test]
async fn a_program_that_is_not_there_is_told() {
    let target = target("http://127.0.0.1:1", "[trigger]\nkind = \"command\"\nprogram = \"./no-such\"");
    let error = target.trigger.send(&batch(&["one"])).await.unwrap_err();
    assert!(error.to_string().starts_with("cannot run ./no-such: "), "{error}");
}

#[tokio::test]
async fn what_no_environment_can_hold_is_told() {
    let error = shell("true", "").trigger.send(&batch(&["a\0b"])).await.unwrap_err();
    assert!(matches!(error, TriggerError::Template(_)), "{error}");
}

#[tokio::test]
async fn other_kinds_than_text_are_refused() {
    let mut batch = batch(&["one"]);
    batch.messages[0].kind = MessageKind::Image;
    let error = shell("true", "").trigger.send(&batch).await.unwrap_err();
    assert_eq!(error, TriggerError::Unsupported(MessageKind::Image));
}

//! The protocol's examples, wrong packets, and any packet there and back.

use proptest::prelude::*;
use serde_json::json;

use super::*;

#[test]
fn the_examples_of_the_protocol_read_and_write_alike() {
    let main = || "/".to_owned();
    let admin = || "/admin".to_owned();
    let placeholder = json!({"_placeholder": true, "num": 0});
    let examples = [
        ("0", SocketPacket::Connect { namespace: main(), data: None }),
        (
            r#"0/admin,{"token":"123"}"#,
            SocketPacket::Connect { namespace: admin(), data: Some(json!({"token": "123"})) },
        ),
        ("1/admin,", SocketPacket::Disconnect { namespace: admin() }),
        (r#"2["foo"]"#, SocketPacket::event("foo", [])),
        (r#"2/admin,["bar"]"#, SocketPacket::Event { namespace: admin(), id: None, args: vec![json!("bar")] }),
        (r#"212["foo"]"#, SocketPacket::Event { namespace: main(), id: Some(12), args: vec![json!("foo")] }),
        (r#"3/admin,13["bar"]"#, SocketPacket::Ack { namespace: admin(), id: 13, args: vec![json!("bar")] }),
        (
            r#"4{"message":"Not authorized"}"#,
            SocketPacket::ConnectError { namespace: main(), data: Some(json!({"message": "Not authorized"})) },
        ),
        (
            r#"51-["baz",{"_placeholder":true,"num":0}]"#,
            SocketPacket::BinaryEvent {
                namespace: main(),
                attachments: 1,
                id: None,
                args: vec![json!("baz"), placeholder.clone()],
            },
        ),
        (
            r#"61-/admin,15[{"_placeholder":true,"num":0}]"#,
            SocketPacket::BinaryAck { namespace: admin(), attachments: 1, id: 15, args: vec![placeholder] },
        ),
    ];
    for (text, packet) in examples {
        assert_eq!(packet.encode(), text);
        assert_eq!(SocketPacket::decode(text), Ok(packet));
    }
}

#[test]
fn a_namespace_may_end_the_packet_without_a_comma() {
    assert_eq!(SocketPacket::decode("1/admin"), Ok(SocketPacket::Disconnect { namespace: "/admin".to_owned() }));
}

#[test]
fn a_refusal_may_be_a_bare_string_as_python_sends_it() {
    let refused = SocketPacket::decode(r#"4"Authentication failed""#).unwrap();
    let data = Some(json!("Authentication failed"));
    assert_eq!(refused, SocketPacket::ConnectError { namespace: "/".to_owned(), data });
}

#[test]
fn what_is_wrong_with_a_packet_is_said_with_its_place() {
    for (text, message) in [
        ("", "position 0: the end, expected a Socket.IO packet type from `0` to `6`"),
        ("9", "position 0: `9`, expected a Socket.IO packet type from `0` to `6`"),
        ("2", "position 1: an EVENT needs an array that starts with the event's name"),
        ("2[]", "position 1: an EVENT needs an array that starts with the event's name"),
        ("2[7]", "position 1: an EVENT needs an array that starts with the event's name"),
        ("2/admin,{}", "position 8: an EVENT needs an array that starts with the event's name"),
        ("3[]", "position 1: an acknowledgement without an id"),
        ("31{}", "position 2: an ACK needs an array"),
        ("0[]", "position 1: a CONNECT needs an object, or nothing"),
        ("1{}", "position 1: a DISCONNECT needs nothing behind it"),
        ("5[\"a\"]", "position 1: expected a number of attachments and `-`"),
        ("299999999999999999999[\"a\"]", "position 1: the id `99999999999999999999` is too large"),
    ] {
        assert_eq!(SocketPacket::decode(text).unwrap_err().to_string(), message, "{text}");
    }
}

#[test]
fn broken_json_is_located_in_the_packet() {
    assert_eq!(SocketPacket::decode(r#"2["a",x]"#).unwrap_err().position, 6);
    assert_eq!(SocketPacket::decode("2[\"a\",\n\n x]").unwrap_err().position, 9);
    let nested = format!("2{}", "[".repeat(1_000));
    assert!(SocketPacket::decode(&nested).unwrap_err().to_string().contains("recursion limit"));
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(any::<String>(), inner, 0..4)
                .prop_map(|object| object.into_iter().collect()),
        ]
    })
}

fn packet() -> impl Strategy<Value = SocketPacket> {
    let namespace = prop_oneof![Just("/".to_owned()), "/[^,]{1,8}"];
    let parts = (0..7, namespace, any::<Option<u64>>(), any::<u64>(), any::<usize>());
    let data = (any::<String>(), proptest::collection::vec(json(), 0..4), proptest::option::of(json()));
    (parts, data).prop_map(|((kind, namespace, id, acked, attachments), (name, args, data))| {
        let event_args = || std::iter::once(Value::from(name.clone())).chain(args.clone()).collect();
        match kind {
            0 => SocketPacket::Connect { namespace, data: data.map(|data| json!({ "data": data })) },
            1 => SocketPacket::Disconnect { namespace },
            2 => SocketPacket::Event { namespace, id, args: event_args() },
            3 => SocketPacket::Ack { namespace, id: acked, args },
            4 => SocketPacket::ConnectError { namespace, data },
            5 => SocketPacket::BinaryEvent { namespace, attachments, id, args: event_args() },
            _ => SocketPacket::BinaryAck { namespace, attachments, id: acked, args },
        }
    })
}

proptest! {
    #[test]
    fn packets_go_round_trip(packet in packet()) {
        prop_assert_eq!(SocketPacket::decode(&packet.encode()), Ok(packet));
    }

    #[test]
    fn arbitrary_text_is_read_or_refused_at_a_place_within_it(text in "[0-6]?[0-9/,\\-]{0,6}\\PC*") {
        if let Err(error) = SocketPacket::decode(&text) {
            prop_assert!(error.position <= text.len());
        }
    }
}

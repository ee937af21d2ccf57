//! What a configuration may say, and the exact words for what it may not.

use super::*;

fn env(name: &str) -> Option<String> {
    match name {
        "TOKEN" | "LOGIN_PASSWORD" | "JWT_SECRET" | "WEBHOOK_SECRET" | "INBOUND_KEY" => Some(format!("the-{name}")),
        "EMPTY" => Some(String::new()),
        _ => None,
    }
}

fn read(text: &str) -> Config {
    Config::parse_with("etc/conformance.toml", text, &env).unwrap_or_else(|error| panic!("{error}"))
}

fn problem(text: &str) -> String {
    Config::parse_with("conformance.toml", text, &env).unwrap_err().to_string()
}

#[test]
fn an_empty_file_is_the_default() {
    let config = read("");
    assert!(config.target.is_none() && config.lacks.is_empty() && config.types.is_empty());
    assert_eq!(config.deadlines, Deadlines::default());
    assert_eq!(config.auth.effective_mode(), AuthMode::None);
    assert!(matches!(config.trigger.kind, TriggerKind::Whatsapp(_)));
}

#[test]
fn every_kind_of_setting_is_read() {
    let config = read(
        r#"
        target = "https://example.test/chat"
        socket_path = "/live"
        lacks = ["polling", "update-status"]
        [auth]
        username = "agent"
        password = "${LOGIN_PASSWORD}"
        login_from = ""
        send = "query"
        [types.Vendor]
        channel = "15550100103"
        [deadlines]
        delivery = "500ms"
        [tls]
        insecure = true
        "#,
    );
    assert_eq!(config.target.unwrap().as_str(), "https://example.test/chat");
    assert_eq!(config.socket_path.as_deref(), Some("/live"));
    assert_eq!(config.lacks, BTreeSet::from([Capability::Polling, Capability::UpdateStatus]));
    assert_eq!(config.auth.effective_mode(), AuthMode::Login);
    assert_eq!(config.auth.password.unwrap().expose(), "the-LOGIN_PASSWORD");
    assert_eq!(config.auth.login_from, None);
    assert_eq!(config.auth.send, crate::recording::TokenPlace::Query);
    assert_eq!((config.types[0].name.as_str(), config.types[0].channel.as_deref()), ("Vendor", Some("15550100103")));
    assert_eq!(config.deadlines.delivery, Duration::from_millis(500));
    assert_eq!(config.deadlines.answer, Deadlines::default().answer);
    assert!(config.tls.insecure);
}

#[test]
fn what_only_some_checks_need_is_read() {
    let config = read(
        "[cors]\norigin = \"https://page.example\"\n[scale]\nmembers = 200\n[deadlines]\nheartbeat = \"5s\"\n\
         [restart]\ncommand = \"restart ${INBOUND_KEY}\"\ntimeout = \"9s\"",
    );
    assert_eq!((config.origin.as_deref(), config.members), (Some("https://page.example"), Some(200)));
    assert_eq!(config.deadlines.heartbeat, Duration::from_secs(5));
    let restart = config.restart.unwrap();
    assert_eq!((restart.command.as_str(), restart.timeout), ("restart the-INBOUND_KEY", Duration::from_secs(9)));
    assert_eq!((restart.folder.as_path(), config.secrets), (Path::new("etc"), vec![Secret::new("the-INBOUND_KEY")]));
}

#[test]
fn an_origin_and_a_scale_that_cannot_be_used_are_answered_with_what_is_wrong() {
    assert!(problem("[cors]\norigin = \"https://page.example/app\"").contains("did you mean `https://page.example`?"));
    assert!(problem("[scale]\nmembers = 0").contains("expected a whole number from 1 to 10000"));
    assert!(problem("[scale]\nmembers = \"many\"").contains("`members` is text; expected a whole number"));
    assert!(problem("[restart]\ntimeout = \"9s\"").contains("`command` is missing"));
}

#[test]
fn services_that_the_suite_stands_in_for_are_read() {
    let config =
        read("[provider]\nlisten = \"127.0.0.1:9000\"\ntimeout = \"3s\"\n[login]\nlisten = \"127.0.0.1:9001\"");
    let (provider, login) = (config.provider.unwrap(), config.login.unwrap());
    assert_eq!((provider.url().as_str(), provider.timeout), ("http://127.0.0.1:9000", Duration::from_secs(3)));
    assert_eq!((login.url().as_str(), login.timeout), ("http://127.0.0.1:9001", Duration::from_secs(10)));
    for (text, told) in [
        (
            "[provider]\ntimeout = \"3s\"",
            "conformance.toml:1:2: `listen` is missing; expected an address of this machine",
        ),
        (
            "[provider]\nlisten = \"127.0.0.1\"",
            "conformance.toml:2:10: `listen`: `127.0.0.1` is no address with a port; expected",
        ),
        ("[login]\nlisten = \"127.0.0.1:0\"", "`listen`: port 0 is none that the target can be told; expected"),
        ("[login]\nurl = \"http://127.0.0.1:1\"", "unknown key `url`"),
    ] {
        assert!(problem(text).contains(told), "{}", problem(text));
    }
}

#[test]
fn an_address_that_is_taken_is_told_with_its_place() {
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = taken.local_addr().unwrap();
    let config = read(&format!("[provider]\nlisten = \"{address}\""));
    let told = config.provider.unwrap().bind().unwrap_err().to_string();
    assert!(told.starts_with(&format!("etc/conformance.toml:2:10: cannot listen on http://{address}: ")), "{told}");
    assert!(told.contains("end what listens there"), "{told}");
}

#[test]
fn paths_are_relative_to_the_file() {
    let config = read(
        "contract = \"my.asyncapi.yaml\"\n[tls]\nca_file = \"/ca.pem\"\n\
         [trigger]\nkind = \"command\"\nprogram = \"./send\"",
    );
    assert_eq!(config.contract.as_deref(), Some(Path::new("etc/my.asyncapi.yaml")));
    assert_eq!(config.tls.ca_file.as_deref(), Some(Path::new("/ca.pem")));
    let TriggerKind::Command(command) = config.trigger.kind else { panic!("{:?}", config.trigger) };
    assert_eq!(command.program, Path::new("etc/./send"));
}

#[test]
fn a_bare_program_name_is_left_to_the_path() {
    let TriggerKind::Command(command) = read("[trigger]\nkind = \"command\"\nprogram = \"curl\"").trigger.kind else {
        panic!("no command")
    };
    assert_eq!(command.program, Path::new("curl"));
}

#[test]
fn what_the_environment_puts_into_requests_is_kept_as_a_secret() {
    let config =
        read("[trigger]\nkind = \"http\"\nurl = \"/inbound\"\nheaders = { Authorization = \"Bearer ${INBOUND_KEY}\" }");
    assert_eq!(config.secrets, [Secret::new("the-INBOUND_KEY")]);
}

#[test]
fn a_configuration_does_not_print_its_secrets() {
    let printed = format!("{:?}", read("[auth]\ntoken = \"${TOKEN}\"\nsecret = \"${JWT_SECRET}\""));
    assert!(!printed.contains("the-TOKEN") && !printed.contains("the-JWT_SECRET"), "{printed}");
}

#[test]
fn a_form_body_needs_no_json() {
    let config = read(
        "[trigger]\nkind = \"http\"\nurl = \"https://example.test/in\"\n\
         headers = { Content-Type = \"application/x-www-form-urlencoded\" }\nbody = \"Body={{ text | urlencode }}\"",
    );
    let TriggerKind::Http(http) = config.trigger.kind else { panic!("{:?}", config.trigger) };
    assert_eq!(http.method, http::Method::POST);
    assert_eq!(http.host.unwrap().as_str(), "https://example.test/");
    assert_eq!(http.path, Template::parse("/in", template::Gives::Text).unwrap());
}

#[test]
fn a_file_that_cannot_be_read_leads_to_init() {
    let error = Config::load(Path::new("no/such.toml")).unwrap_err().to_string();
    assert!(error.starts_with("cannot read the configuration no/such.toml: "), "{error}");
    assert!(error.ends_with("`conformance init` writes one to start from"), "{error}");
}

#[test]
fn unknown_words_are_answered_with_the_one_that_was_meant() {
    for (text, expected) in [
        ("tagret = \"\"", "conformance.toml:1:1: unknown key `tagret`; did you mean `target`?"),
        ("\n[auth]\n  pasword = 1", "conformance.toml:3:3: unknown key `pasword`; did you mean `password`?"),
        (
            "[types.Partner]\ncolour = \"\"",
            "conformance.toml:2:1: unknown key `colour`; expected one of: channel, numbers",
        ),
        (
            "lacks = [\"polling\", \"pooling\"]",
            "conformance.toml:1:21: unknown capability `pooling`; did you mean `polling`?",
        ),
        ("[auth]\nmode = \"logon\"", "conformance.toml:2:8: unknown mode `logon`; did you mean `login`?"),
        (
            "[trigger]\nkind = \"carrier pigeon\"",
            "conformance.toml:2:8: unknown kind `carrier pigeon`; expected one of: whatsapp, http, socket, command",
        ),
        (
            "[trigger]\nurl = \"/inbound\"",
            "conformance.toml:2:1: `url` belongs to kind = \"http\", and this trigger's kind is \"whatsapp\"; \
             set kind = \"http\", or remove the key",
        ),
        (
            "target = \"\"\n# [auth]\nmode = \"login\"",
            "conformance.toml:3:1: unknown key `mode`; its header, [auth] in line 2, is a comment: take the # away",
        ),
        ("[deadlines]\ndelivry = \"2s\"", "conformance.toml:2:1: unknown key `delivry`; did you mean `delivery`?"),
    ] {
        assert_eq!(problem(text), expected);
    }
}

#[test]
fn values_of_the_wrong_kind_are_answered_with_what_was_expected() {
    for (text, expected) in [
        ("socket_path = 5", "conformance.toml:1:15: `socket_path` is the number 5; expected a path such as \"/ws\""),
        (
            "lacks = \"polling\"",
            "conformance.toml:1:9: `lacks` is text; expected a list of capabilities such as [\"polling\"]",
        ),
        ("auth = true", "conformance.toml:1:8: `auth` is `true`; expected a table, `[auth]`"),
        ("[tls]\ninsecure = \"yes\"", "conformance.toml:2:12: `insecure` is text; expected true or false"),
        (
            "[deadlines]\nanswer = 2",
            "conformance.toml:2:10: `answer` is the number 2; expected a duration such as \"300ms\", \"2s\" or \"1m\"",
        ),
        (
            "[deadlines]\nanswer = \"2 parsecs\"",
            "conformance.toml:2:10: `answer`: `2 parsecs` is not a duration such as 300ms, 2s or 1m; \
             expected a duration such as \"300ms\", \"2s\" or \"1m\"",
        ),
        (
            "target = \"localhost:8000\"",
            "conformance.toml:1:10: `target`: `localhost:8000` has no scheme; did you mean `http://localhost:8000`?",
        ),
        (
            "[types.Partner]\nnumbers = \"1555010###\"",
            "conformance.toml:2:11: `numbers`: `1555010###` leaves only 3 digits to choose (#), at least 4 are needed; \
             expected digits with at least four # for those to choose, e.g. \"1555010########\"",
        ),
    ] {
        assert_eq!(problem(text), expected);
    }
}

#[test]
fn a_variable_that_is_not_set_is_pointed_at() {
    assert_eq!(
        problem("[auth]\ntoken = \"Bearer ${NO_SUCH}\""),
        "conformance.toml:2:17: `token` needs the environment variable NO_SUCH, which is not set; \
         export NO_SUCH=... before the run; a literal `${` is written `$${`"
    );
    assert_eq!(
        problem("[auth]\ntoken = \"${EMPTY}\""),
        "conformance.toml:2:9: `token` is empty; set the environment variable that it is taken from, or leave the key out"
    );
    assert_eq!(
        problem("target = \"${HOST\""),
        "conformance.toml:1:11: `target` has a `${` without its `}`; close it, or write `$${` for a literal `${`"
    );
}

#[test]
fn a_trigger_that_cannot_work_is_refused() {
    for (text, expected) in [
        (
            "[trigger]\nkind = \"http\"",
            "conformance.toml:1:2: `url` is missing; \
             expected a path on the target such as \"/inbound\", or a whole URL",
        ),
        (
            "[trigger]\nkind = \"http\"\nurl = \"inbound\"",
            "conformance.toml:3:7: `url`: `inbound` is neither a path nor a URL; did you mean `/inbound`?",
        ),
        (
            "[trigger]\nkind = \"http\"\nurl = \"/a\"\nheaders = { \"a b\" = \"c\" }",
            "conformance.toml:4:13: `a b` is not a header's name; mend the name",
        ),
        (
            "[trigger]\nkind = \"socket\"\nevent = \"x\"\npayload = \"{{ nubmer }}\"",
            "conformance.toml:4:11: `payload`: the template uses `nubmer`, which is no value; did you mean `number`?",
        ),
    ] {
        assert_eq!(problem(text), expected);
    }
}

#[test]
fn text_that_is_not_toml_is_told_with_its_place() {
    let told = problem("target = \"http://a\"\nlacks = [polling]");
    assert!(told.starts_with("conformance.toml:2:10: this is not TOML: "), "{told}");
    assert!(told.ends_with("; mend the line, or quote the text"), "{told}");
}

#[test]
fn columns_are_counted_in_characters() {
    assert_eq!(
        problem("# ü\nlacks = [\"ü\", \"ü\"]"),
        "conformance.toml:2:10: unknown capability `ü`; expected one of: websocket, polling, upgrade, auth, rest, \
         leave, list, search, history, send, update-status, query-token, logout, webhook, verify, signature, \
         provider, login-service, restart"
    );
}

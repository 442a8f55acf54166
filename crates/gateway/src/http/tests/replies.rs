//! RPCs and their replies, whole, cut and in the form that is asked for.

use super::*;

const RPC: &str = "POST /api/v1/devices/mx1/rpc?timeout=1.5 HTTP/1.1";
const RPC_WITH_TRAILERS: &str = "POST /api/v1/devices/mx1/rpc HTTP/1.1\r\nte: trailers";

#[tokio::test]
async fn nothing_is_read_of_an_rpc_to_a_device_that_the_operator_may_not_see() {
    let api = Api::start();
    let mut stream = UnixStream::connect(api.folder.path().join("s")).await.unwrap();
    let head =
        "POST /api/v1/devices/hidden/rpc HTTP/1.1\r\nhost: x\r\ncontent-length: 9000000\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
}

#[tokio::test]
async fn a_reply_comes_in_the_form_that_is_asked_for_or_not_at_all() {
    let api = Api::start();
    let ask = |accept: &str| format!("POST /api/v1/devices/mx1/rpc HTTP/1.1\r\naccept: {accept}");
    let script = |pieces: Vec<&'static str>, outcome| {
        *api.fake.script.lock().unwrap() = Script { pieces, outcome: Some(outcome) };
    };
    let json = ask("application/json");
    script(vec!["<rpc-reply>\n", "{\"a\" : \"&lt;\"", "}", "</rpc-reply>"], api::Outcome::Ok);
    let answer = api.ask(&json, "<get-arp-table-information/>").await;
    assert!(answer.contains("content-type: application/json"), "{answer}");
    assert!(answer.contains("{\"a\" : \"<\"") && !answer.contains("rpc-reply>"), "{answer}");
    assert!(
        api.asked().last().unwrap().starts_with("<get-arp-table-information format=\"json\"/>")
    );

    script(vec!["<rpc-reply><output>up 3 days</output></rpc-reply>"], api::Outcome::Ok);
    let answer = api.ask(&ask("text/plain"), "<command>show system uptime</command>").await;
    assert!(answer.contains("up 3 days") && !answer.contains("<output>"), "{answer}");

    script(vec!["<rpc-reply><arp/></rpc-reply>"], api::Outcome::Ok);
    let (status, code, _) = api.refused_with(&json, "<get-arp-table-information/>").await;
    assert_eq!((status, code.as_str()), (406, "not-acceptable"));
    let error = api::RpcErrorSummary {
        severity: "error".into(),
        tag: "unknown-element".into(),
        message: "syntax error".into(),
        path: None,
    };
    script(
        vec!["<rpc-reply><rpc-error/></rpc-reply>"],
        api::Outcome::RpcError { errors: vec![error] },
    );
    let (status, code, title) = api.refused_with(&json, "<get-arp-table-information/>").await;
    assert_eq!(
        (status, code.as_str(), title.as_str()),
        (422, "rpc-error", "the device answered: syntax error")
    );

    let asked = api.asked().len();
    for (accept, operation) in [
        ("application/json", "<edit-config/>"),
        ("text/plain", "<get/>"),
        ("image/png", "<get-arp-table-information/>"),
    ] {
        let (status, code, _) = api.refused_with(&ask(accept), operation).await;
        assert_eq!((status, code.as_str()), (406, "not-acceptable"), "{accept} {operation}");
    }
    assert_eq!(api.asked().len(), asked, "none of them was sent");
}

fn failed() -> api::Outcome {
    let problem =
        api::Problem::new(502, "outcome-unknown", homing_proto::fault::Fault::Network, "lost");
    api::Outcome::Failed { problem }
}

#[tokio::test]
async fn a_reply_streams_and_ends_with_its_outcome() {
    let api = Api::start();
    api.fake.script.lock().unwrap().pieces = vec!["<rpc-reply>", "</rpc-reply>"];
    let answer = api.ask(RPC_WITH_TRAILERS, "<get/>").await;
    assert!(answer.contains("trailer: homing-outcome"), "{answer}");
    assert!(
        answer.ends_with(
            "\r\n\r\nB\r\n<rpc-reply>\r\nC\r\n</rpc-reply>\r\n0\r\nhoming-outcome: {\"result\":\"ok\"}\r\n\r\n"
        ),
        "{answer}"
    );
    assert!(api.asked()[0].starts_with("<get/> in 60s by "));
}

#[tokio::test]
async fn half_a_reply_never_looks_whole() {
    let api = Api::start();
    *api.fake.script.lock().unwrap() = Script { pieces: vec!["<rpc-re"], outcome: Some(failed()) };
    let answer = api.ask(RPC_WITH_TRAILERS, "<get/>").await;
    assert!(answer.contains("0\r\nhoming-outcome: {\"result\":\"failed\",\"problem\""), "{answer}");
    // Without `te: trailers` the last chunk never comes.
    let answer = api.ask(RPC, "<get/>").await;
    assert!(answer.ends_with("7\r\n<rpc-re\r\n"), "{answer}");
}

#[tokio::test]
async fn a_browser_finds_the_outcome_behind_the_reply() {
    const ASKED: &str = "POST /api/v1/devices/mx1/rpc?outcome=body HTTP/1.1";
    let api = Api::start();
    let script = |outcome| Script { pieces: vec!["<rpc-re"], outcome };
    *api.fake.script.lock().unwrap() = script(Some(failed()));
    let answer = api.ask(ASKED, "<get/>").await;
    assert!(answer.contains("<rpc-re\r\n"), "{answer}");
    assert!(answer.contains("\0{\"result\":\"failed\",\"problem\""), "{answer}");
    assert!(answer.contains("outcome-unknown") && answer.ends_with("0\r\n\r\n"), "{answer}");
    *api.fake.script.lock().unwrap() = script(Some(api::Outcome::Ok));
    let answer = api.ask(ASKED, "<get/>").await;
    assert!(answer.contains("\0{\"result\":\"ok\"}"), "{answer}");
    let (status, _, title) =
        api.refused_with("POST /api/v1/devices/mx1/rpc?outcome=x HTTP/1.1", "<get/>").await;
    assert_eq!((status, title.as_str()), (400, "outcome: expected body"));
}

#[tokio::test]
async fn a_failure_without_a_reply_is_an_answer_of_its_own() {
    let api = Api::start();
    *api.fake.script.lock().unwrap() = Script { pieces: vec![], outcome: Some(failed()) };
    let (status, problem) = api.refused(RPC, "<get/>").await;
    assert_eq!((status, problem.code.as_str()), (502, "outcome-unknown"));
}

#[tokio::test]
async fn a_session_that_dies_without_a_word_leaves_the_outcome_unknown() {
    let api = Api::start();
    *api.fake.script.lock().unwrap() = Script { pieces: vec!["<a"], outcome: None };
    let answer = api.ask(RPC_WITH_TRAILERS, "<get/>").await;
    assert!(answer.contains("\"code\":\"outcome-unknown\""), "{answer}");
}

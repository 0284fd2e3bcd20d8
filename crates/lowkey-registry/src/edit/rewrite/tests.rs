//! Layouts that people may come up with: each can be changed, and what a change does not need stays as it is.

use super::*;

const SERVER: PublicKey = PublicKey::new([9; 32]);

fn key(byte: u8) -> String {
    keys::encode_public(&PublicKey::new([byte; 32]))
}

/// `KA` and the like stand for keys.
fn with_keys(text: &str) -> String {
    [2, 3, 4, 5, 6]
        .iter()
        .zip(["KA", "KB", "KC", "KD", "KN"])
        .fold(text.to_owned(), |text, (byte, name)| text.replace(name, &key(*byte)))
}

fn entries(text: &str) -> Vec<Entry> {
    table::read(text, &SERVER).unwrap_or_else(|flaw| panic!("{}\n{text}", flaw.why))
}

fn rotated(text: &str, name: &str, until: Option<&str>) -> String {
    let id = Id::of_pinning(&PublicKey::new([6; 32]), &SERVER);
    let fields = format!("key = \"{}\"\npsk_file = \"n.psk\"\n", key(6));
    let until = until.and_then(parse_time);
    let text = with_pinning(text, entries(text), &SERVER, (name, id), &fields, until);
    text.unwrap_or_else(|error| panic!("{}", said(error)))
}

fn revoked(text: &str, name: &str, leaves: impl Fn(usize) -> bool) -> String {
    let removal = without(text, entries(text), &SERVER, name, |n, _| leaves(n));
    removal.unwrap_or_else(|error| panic!("{}\n{text}", said(error))).text
}

fn said(error: EditError) -> String {
    match error {
        EditError::Registry(error) => error.to_string(),
        EditError::Device(why) => why,
        EditError::Raced => "raced".to_owned(),
    }
}

/// What goes in, what is done with it, and what comes out: with LF and with CRLF, with a byte order mark, and without
/// an end of the last line.
fn each(cases: &[(&str, &str)], change: impl Fn(&str) -> String) {
    for (old, new) in cases {
        for begin in ["", "\u{feff}"] {
            for newline in ["\n", "\r\n"] {
                let [old, new] =
                    [old, new].map(|text| format!("{begin}{}", with_keys(text).replace('\n', newline)));
                assert_eq!(change(&old), new, "from\n{old}");
                match old.strip_suffix(newline) {
                    Some(open) if open.contains(newline) => assert_eq!(change(open), new, "from\n{open}"),
                    _ => (), // nobody can tell what its lines end with
                }
            }
        }
    }
}

#[test]
fn a_device_is_added_as_the_others_are_written() {
    each(
        &[
            ("# none\n# yet\n", "# none\n# yet\n\n[[device]]\nname = 'n'\nkey = 'KN'\n"),
            (
                "[[device]]\nname = 'a'\nkey = 'KA' # A\n",
                "[[device]]\nname = 'a'\nkey = 'KA' # A\n\n[[device]]\nname = 'n'\nkey = 'KN'\n",
            ),
            ("device = [] # none\n", "device = [{ name = 'n', key = 'KN' }] # none\n"),
            (
                "device = [\n  { name = 'a', key = 'KA' } # A\n]\n",
                "device = [\n  { name = 'a', key = 'KA' }, # A\n  { name = 'n', key = 'KN' }\n]\n",
            ),
            (
                "device = [{ name = 'a', key = 'KA' }, ]\n",
                "device = [{ name = 'a', key = 'KA' }, { name = 'n', key = 'KN' }, ]\n",
            ),
        ],
        |text| {
            changed(text, |layout| layout.with_devices(&[&with_keys("name = 'n'\nkey = 'KN'\n")])).unwrap()
        },
    );
}

#[test]
fn a_second_pinning_is_written_as_the_device_is() {
    each(
        &[
            // Lines, one of them below a comment of its own.
            (
                "[[device]]\nname = 'a'\n# on the box\nkey = 'KA' # A\n\n# B\n[[device]]\nname = 'b'\nkey = 'KB'\n",
                "[[device]]\nname = 'a'\n\n[[device.pinning]]\n# on the box\nkey = 'KA' # A\n\
                 expires = 2126-01-01T00:00:00Z\n\n[[device.pinning]]\nkey = \"KN\"\npsk_file = \"n.psk\"\n\n\
                 # B\n[[device]]\nname = 'b'\nkey = 'KB'\n",
            ),
            // Lines in an order of their own, dotted keys among them, and a label that is called like a field.
            (
                "[[ \"device\" ]]\n'id' = 'x'\nlabels.key = 'u'\nexpires = 2100-01-01T00:00:00Z # lease\nname = 'a'\n\
                 labels . \"id\" = 'v'\n  key = 'KA'\n",
                "[[ \"device\" ]]\nlabels.key = 'u'\nname = 'a'\nlabels . \"id\" = 'v'\n\n[[device.pinning]]\n'id' = 'x'\n\
                 expires = 2126-01-01T00:00:00Z # lease\n  key = 'KA'\n\n[[device.pinning]]\nkey = \"KN\"\n\
                 psk_file = \"n.psk\"\n",
            ),
            // A table of labels, below which the pinnings stand.
            (
                "[[device]]\nkey = 'KA'\nname = 'a'\n[device . labels]\nid = 'u'\n",
                "[[device]]\nname = 'a'\n[device . labels]\nid = 'u'\n\n[[device.pinning]]\nkey = 'KA'\n\
                 expires = 2126-01-01T00:00:00Z\n\n[[device.pinning]]\nkey = \"KN\"\npsk_file = \"n.psk\"\n",
            ),
            // A pinning of its own.
            (
                "[[device]]\nname = 'a'\n[[device.pinning]]\nid = 'x'\nkey = 'KA' # A\n",
                "[[device]]\nname = 'a'\n[[device.pinning]]\nid = 'x'\nkey = 'KA' # A\nexpires = 2126-01-01T00:00:00Z\n\
                 \n[[device.pinning]]\nkey = \"KN\"\npsk_file = \"n.psk\"\n",
            ),
            // Pinnings in brackets below a header, on one line and on several.
            (
                "[[device]]\npinning = [{ key = 'KA' }] # A\nname = 'a'\n",
                "[[device]]\npinning = [{ key = 'KA', expires = 2126-01-01T00:00:00Z }, \
                 { key = \"KN\", psk_file = \"n.psk\" }] # A\nname = 'a'\n",
            ),
            (
                "[[device]]\nname = 'a'\npinning = [\n  { key = 'KA', expires = 2100-01-01T00:00:00Z } # A\n]\n",
                "[[device]]\nname = 'a'\npinning = [\n  { key = 'KA', expires = 2126-01-01T00:00:00Z }, # A\n  \
                 { key = \"KN\", psk_file = \"n.psk\" }\n]\n",
            ),
            (
                "[[device]]\nname = 'a'\npinning = [\n\t{ key = 'KA' }, # A, [B]\n]\n",
                "[[device]]\nname = 'a'\npinning = [\n\t{ key = 'KA', expires = 2126-01-01T00:00:00Z }, # A, [B]\n\
                 \t{ key = \"KN\", psk_file = \"n.psk\" },\n]\n",
            ),
            // Everything in brackets and braces.
            (
                "device = [{ name = 'b', key = 'KB' }, { key = 'KA', name = 'a', id = 'x' }]\n",
                "device = [{ name = 'b', key = 'KB' }, { pinning = [{ key = 'KA', id = 'x', \
                 expires = 2126-01-01T00:00:00Z }, { key = \"KN\", psk_file = \"n.psk\" }], name = 'a' }]\n",
            ),
            // With lines, as TOML has it since 1.1.
            (
                "device = [\n  {\n    name = 'a', labels.key = 'u',\n    # on the box\n    key = 'KA', # A\n    \
                 id = 'x',\n    labels.id = 'v',\n    expires = 2100-01-01T00:00:00Z, # lease\n  },\n]\n",
                "device = [\n  {\n    name = 'a', labels.key = 'u',\n    # on the box\n    pinning = [{ key = 'KA', # A\n    \
                 id = 'x', expires = 2126-01-01T00:00:00Z }, { key = \"KN\", psk_file = \"n.psk\" }],\n    \
                 labels.id = 'v',\n  },\n]\n",
            ),
        ],
        |text| rotated(text, "a", Some("2126-01-01T00:00:00Z")),
    );
}

#[test]
fn an_old_pinning_goes_with_its_comma_and_its_comments() {
    each(
        &[
            (
                "[[device]]\nname = 'a'\npinning = [{ key = 'KA' }, { key = 'KB' }]\n",
                "[[device]]\nname = 'a'\npinning = [{ key = 'KB' }]\n",
            ),
            (
                "[[device]]\nname = 'a'\npinning = [\n  # old\n  { key = 'KA' }, # printed\n  # new\n  { key = 'KB' }, # by mail\n]\n",
                "[[device]]\nname = 'a'\npinning = [\n  # new\n  { key = 'KB' }, # by mail\n]\n",
            ),
            (
                "[[device]]\nname = 'a'\npinning = [{ key = 'KA' }, # old\n  { key = 'KB' }] # new\n",
                "[[device]]\nname = 'a'\npinning = [\n  { key = 'KB' }] # new\n",
            ),
            (
                "[[device]]\nname = 'a'\npinning = [\n  { key = 'KA' } # old, it seems\n, { key = 'KB' }\n]\n",
                "[[device]]\nname = 'a'\npinning = [\n  { key = 'KB' }\n]\n",
            ),
            (
                "device = [{name='a',pinning=[{key='KA'},{key='KB'},]}]\n",
                "device = [{name='a',pinning=[{key='KB'},]}]\n",
            ),
        ],
        |text| revoked(text, "a", |n| n == 0),
    );
}

#[test]
fn a_new_pinning_goes_with_its_comma_and_its_comments() {
    each(
        &[
            (
                "[[device]]\nname = 'a'\npinning = [{ key = 'KA' }, { key = 'KB' }]\n",
                "[[device]]\nname = 'a'\npinning = [{ key = 'KA' }]\n",
            ),
            (
                "[[device]]\nname = 'a'\npinning = [\n  # old\n  { key = 'KA' }, # printed\n  # new\n  { key = 'KB' } # by mail\n]\n",
                "[[device]]\nname = 'a'\npinning = [\n  # old\n  { key = 'KA' }, # printed\n]\n",
            ),
            (
                "[[device]]\nname = 'a'\npinning = [{ key = 'KA' }, # old\n  { key = 'KB' }] # new\n",
                "[[device]]\nname = 'a'\npinning = [{ key = 'KA' }, # old\n  ] # new\n",
            ),
            (
                "device = [{name='a',pinning=[{key='KA'},{key='KB'},]}]\n",
                "device = [{name='a',pinning=[{key='KA'},]}]\n",
            ),
        ],
        |text| revoked(text, "a", |n| n == 1),
    );
}

#[test]
fn a_device_goes_with_its_comments_and_with_those_of_no_other() {
    each(
        &[
            (
                "# site\n\n# A\n[[device]]\nname = 'a'\nkey = 'KA'\n# B\n[[device]]\nname = 'b'\nkey = 'KB'\n",
                "# site\n\n# B\n[[device]]\nname = 'b'\nkey = 'KB'\n",
            ),
            // A line of a text that looks like a comment.
            (
                "[[device]]\nname = 'b'\nkey = 'KB'\nlabels = { x = \"\"\"\\\n# a comment, it seems\"\"\" }\n\
                 [[device]]\nname = 'a'\nkey = 'KA'\n",
                "[[device]]\nname = 'b'\nkey = 'KB'\nlabels = { x = \"\"\"\\\n# a comment, it seems\"\"\" }\n",
            ),
            ("device = [{ name = 'a', key = 'KA' }]\n", "device = []\n"),
            ("device = [\n  { name = 'a', key = 'KA' },\n]\n", "device = [\n]\n"),
            (
                "device = [\n  { name = 'b', key = 'KB' }, # B\n  { name = 'a',\n    key = 'KA' # A\n  }, # A too\n  # C\n  \
                 { name = 'c', key = 'KC' },\n]\n",
                "device = [\n  { name = 'b', key = 'KB' }, # B\n  # C\n  { name = 'c', key = 'KC' },\n]\n",
            ),
        ],
        |text| revoked(text, "a", |_| true),
    );
}

/// Registries with every layout above, with whichever byte put for something else.
fn strange() -> impl Iterator<Item = String> {
    const OTHERS: [&str; 10] = ["", "\n", " ", "'", "#", "#\n", ",", "\n# \n", "\t", ".x"];
    const TEXTS: [&str; 4] = [
        "# ours\n[[device]]\n# on the box\nkey='KA'#A\nname='a'\nlabels.id='u'\nid='x'\n# B\n[[device]]#\nname='b'\n\
         [device.labels]\nx='''\n#\n'''\n# new\n[[device.pinning]]\nkey='KB' # B\n\n[[device.pinning]]\nkey='KC'",
        "[[device]]\nname='a'\npinning=[{key='KA'}]\n[[device]]\npinning = [ # 2\n  {key='KB'}, # old\n  # new\n  \
         {key='KC', id='x'} # C\n  , ]\nname='b'\n",
        "device=[{name='a',key='KA',labels={key='u'},id='x'},{id='y',key='KB',name='b'} ,\n{name='c',pinning=[{key='KC'}\n,{\
         id='z',key='KD'},\n]}] # all\n",
        "device = [\n  # A\n  {\n    key = 'KA', name = 'a', # box\n    id = 'x', # x\n    labels.id='u',\n  },\n  # B\n  \
         { name = 'b', pinning = [\n    { key = 'KB' }, # old\n    { key = 'KC' }, # new\n  ] },\n]\n",
    ];
    TEXTS.into_iter().flat_map(|text| {
        let offsets =
            (0..text.len()).filter(|at| text.is_char_boundary(*at) && text.is_char_boundary(at + 1));
        offsets.flat_map(move |at| {
            let text = move |other: &str| with_keys(&format!("{}{other}{}", &text[..at], &text[at + 1..]));
            OTHERS.map(text)
        })
    })
}

#[test]
fn whatever_loads_can_be_changed_and_a_pinning_that_goes_is_one_stretch_of_the_text() {
    let (mut right, mut wrong) = (0, 0);
    // Every third is enough: 3 has nothing in common with the number of others.
    for text in strange().step_by(3) {
        let Ok(before) = table::read(&text, &SERVER) else {
            wrong += 1;
            continue;
        };
        right += 1;
        let one_more = changed(&text, |layout| layout.with_devices(&["name = 'n'\nkey = 'KN'\n"])).unwrap();
        assert_eq!(entries(&with_keys(&one_more)).len(), before.len() + 1, "{one_more}");
        for entry in &before {
            let name = entry.device.name();
            let all = 0..entry.pinnings.len();
            let mut changed = vec![revoked(&text, name, |_| true)];
            match all.len() {
                1 => {
                    rotated(&text, name, None);
                    rotated(&text, name, Some("2126-01-01T00:00:00Z"));
                }
                _ => changed.extend(all.map(|gone| revoked(&text, name, |n| n == gone))),
            }
            for new in changed.iter().filter(|new| *new != "# no devices\n") {
                let same = text.bytes().zip(new.bytes()).take_while(|(a, b)| a == b).count();
                let rest = &new[same..];
                assert!(text.ends_with(rest) || format!("{text}\n").ends_with(rest), "{new}\nfrom\n{text}");
            }
        }
    }
    assert!(right > 300 && wrong > 300, "{right} {wrong}");
}

#[test]
fn a_pairing_that_is_final_loses_that_it_was_pending_and_nothing_else() {
    let code = "code = '0011223344556677'";
    let each_final = |cases: &[(String, String)]| {
        let cases: Vec<_> = cases.iter().map(|(old, new)| (&**old, &**new)).collect();
        each(&cases, |text| {
            let new = finalised(text, entries(text), &SERVER, 0, 0);
            new.unwrap_or_else(|error| panic!("{}\n{text}", said(error)))
        });
    };
    each_final(&[
        (
            format!(
                "[[device]]\nname = 'a'\nkey = 'KA'\n{code} # label\n pending = true # since May\nlabels.pending = 'x'\n\n# B\n[[device]]\nname = 'b'\nkey = 'KB'\n"
            ),
            format!(
                "[[device]]\nname = 'a'\nkey = 'KA'\n{code} # label\nlabels.pending = 'x'\n\n# B\n[[device]]\nname = 'b'\nkey = 'KB'\n"
            ),
        ),
        (
            format!("[[device]]\nname = 'a'\n[[device.pinning]]\npending = true\n{code}\nkey = 'KA'\n"),
            format!("[[device]]\nname = 'a'\n[[device.pinning]]\n{code}\nkey = 'KA'\n"),
        ),
        (
            format!("device = [{{ name = 'a', key = 'KA', {code}, pending = true }}]\n"),
            format!("device = [{{ name = 'a', key = 'KA', {code} }}]\n"),
        ),
        (
            format!(
                "device = [\n  {{ name = 'a', pinning = [{{ pending = true, {code}, key = 'KA' }}] }},\n]\n"
            ),
            format!("device = [\n  {{ name = 'a', pinning = [{{ {code}, key = 'KA' }}] }},\n]\n"),
        ),
    ]);
}

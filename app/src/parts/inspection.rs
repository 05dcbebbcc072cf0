//! The properties of a model, read from its files: facts, number types and tensors.

use leptos::prelude::*;
use messages::inspection as text;
use model_headers::{Facts, Inspection, Share, Summary, Tensor, Weights};

/// Tensors that are shown without being asked for.
const FEW: usize = 12;

/// The section; nothing for a model of which nothing is known.
#[component]
pub(crate) fn InspectionSection<'a>(inspection: &'a Inspection) -> impl IntoView + use<> {
    if inspection.weights.is_empty() && inspection.config.is_none() {
        return None;
    }
    let facts = inspection.facts();
    let packed = facts.quantisation.is_some();
    let unreadable = inspection.config.iter().filter_map(|config| config.as_ref().err());
    let unreadable = unreadable.map(|error| text::unreadable("config.json", &error.to_string()));
    let left_out = inspection.left_out;
    Some(view! {
        <section class="inspection" aria-labelledby="inspection">
            <h2 id="inspection">{text::HEADING}</h2>
            <FactList facts parameters=parameters(inspection)/>
            {unreadable.map(|text| view! { <p class="failure">{text}</p> }).collect_view()}
            {inspection.weights.iter().map(|weights| view! { <WeightsPart weights packed/> }).collect_view()}
            {(left_out > 0).then(|| view! { <p>{text::left_out(left_out)}</p> })}
        </section>
    })
}

/// Of the first weights, unless some are packed where they cannot be counted.
fn parameters(inspection: &Inspection) -> Option<u64> {
    let summary = inspection.weights.iter().find_map(|weights| Some(&weights.content.as_ref().ok()?.1))?;
    let packed = summary.whole_numbers() > 0 && inspection.facts().quantisation.is_some();
    Some(summary.parameters()).filter(|count| *count > 0 && !packed)
}

#[component]
fn FactList(facts: Facts, parameters: Option<u64>) -> impl IntoView {
    let Facts { heads, key_value_heads, experts, experts_used, .. } = facts;
    let said = [
        (text::ARCHITECTURE, facts.architecture),
        (text::PARAMETERS, parameters.map(messages::rough)),
        (text::QUANTISATION, facts.quantisation),
        (text::CONTEXT, facts.context_length.map(text::tokens)),
        (text::HIDDEN_SIZE, facts.hidden_size.map(messages::grouped)),
        (text::LAYERS, facts.layers.map(messages::grouped)),
        (text::HEADS, heads.map(|heads| text::heads(heads, key_value_heads))),
        (text::EXPERTS, experts.map(|experts| text::experts(experts, experts_used))),
        (text::VOCABULARY, facts.vocabulary.map(text::tokens)),
    ];
    let fact = |(label, value): (&'static str, Option<String>)| {
        value.map(|value| view! { <div><dt>{label}</dt><dd>{value}</dd></div> })
    };
    view! { <dl class="facts">{said.into_iter().filter_map(fact).collect_view()}</dl> }
}

#[component]
fn WeightsPart<'a>(weights: &'a Weights, packed: bool) -> impl IntoView + use<> {
    let Weights { name, files, content, .. } = weights;
    let content = match content {
        Err(error) => {
            view! { <p class="failure">{text::unreadable(name, &error.to_string())}</p> }.into_any()
        }
        Ok((facts, summary)) => {
            let (whole, size) = (summary.whole_numbers(), summary.bytes());
            let packed = packed || facts.quantisation.is_some();
            view! {
                <p>{text::weights(*files, summary.tensors, summary.parameters(), whole, size, packed)}</p>
                <Shares shares=&summary.shares size/>
                <Tensors summary/>
            }
            .into_any()
        }
    };
    view! {
        <h3><code>{name.clone()}</code></h3>
        {content}
    }
}

/// How the numbers are stored, with bars. Drawn with SVG, since a page's policy allows no styles in elements.
#[component]
fn Shares<'a>(shares: &'a [Share], size: u64) -> impl IntoView + use<> {
    let share = |Share { storage, bytes, .. }: &Share| {
        let permille = messages::permille(*bytes, size);
        view! {
            <li>
                <span>{storage.name.to_string()}</span>
                <svg aria-hidden="true"><rect width=format!("{}.{}%", permille / 10, permille % 10) height="100%"></rect></svg>
                <span>{text::share(*bytes, size)}</span>
            </li>
        }
    };
    view! { <ul class="shares" aria-label=text::SHARES>{shares.iter().map(share).collect_view()}</ul> }
}

/// The first tensors, behind a line that opens them if they are many.
#[component]
fn Tensors<'a>(summary: &'a Summary) -> impl IntoView + use<> {
    let row = |tensor: &Tensor| {
        view! {
            <tr>
                <th scope="row"><code>{tensor.name.clone()}</code></th>
                <td>{text::shape(&tensor.shape)}</td>
                <td>{tensor.storage.name.to_string()}</td>
                <td class="size">{tensor.bytes.map_or_else(|| text::UNKNOWN.to_owned(), messages::bytes)}</td>
            </tr>
        }
    };
    let shown = summary.first.len();
    (shown > 0).then(|| {
        view! {
            <details class="tensors" open=shown <= FEW>
                <summary>{text::table(summary.tensors, shown)}</summary>
                <table>
                    <thead>
                        <tr>
                            <th scope="col">{text::TENSOR}</th>
                            <th scope="col">{text::SHAPE}</th>
                            <th scope="col">{text::TYPE}</th>
                            <th scope="col" class="size">{text::SIZE}</th>
                        </tr>
                    </thead>
                    <tbody>{summary.first.iter().map(row).collect_view()}</tbody>
                </table>
            </details>
        }
    })
}

// The data path: typed, or picked from the directories that the server knows.
import { Button, Field } from "../components";
import { ago, bytes } from "../lib/format";
import type { Loaded } from "../lib/hooks";
import type { DataSource, DataSources } from "../lib/types";
import { filterPaths, PathCombo } from "./path_combo";

/** The sources whose path has the text, those that can be used first. */
export function filterSources(sources: DataSource[], text: string): DataSource[] {
    return [...filterPaths(sources, text)].sort((a, b) => Number(b.is_complete) - Number(a.is_complete));
}

function moreOf(source: DataSource): string {
    if (source.is_complete) return `${bytes(source.size_bytes)}, ${ago(source.modified_at)}`;
    return source.clickstream ? "no events file" : "no clickstream";
}

export function PathField({ value, error, sources, busy, onChange, onCheck }: {
    value: string;
    error: string | undefined;
    sources: Loaded<DataSources>;
    busy: boolean;
    onChange: (path: string) => void;
    onCheck: () => void;
}) {
    const roots = sources.data?.roots.join(" or ");
    const none = sources.error ? sources.error.title : sources.is_loading ? "Looking for data" : `No data under ${roots ?? "the data roots"} yet`;
    return (
        <Field
            label="Data path"
            error={error}
            hint={
                <>
                    A directory with <code>clickstream.pq</code> and <code>events.pq</code>
                    {roots ? <> under {roots}</> : null}
                </>
            }
        >
            {(ties) => (
                <div class="path-row">
                    <PathCombo
                        ties={ties}
                        name="data_path"
                        value={value}
                        placeholder="/data"
                        label="Known directories"
                        icon="folder"
                        shown={filterSources(sources.data?.sources ?? [], value).map((source) => ({ path: source.path, more: moreOf(source) }))}
                        none={value && !sources.error ? null : none}
                        onOpen={sources.reload}
                        onChange={onChange}
                    />
                    <Button icon="search" busy={busy} onClick={onCheck}>
                        {busy ? "Checking" : "Check data"}
                    </Button>
                </div>
            )}
        </Field>
    );
}

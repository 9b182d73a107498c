// Small parts of the registry's pages: chips for aliases and tags, what can be done with a version.
import { Icon, type MenuItem } from "../components";
import type { ModelRow } from "../lib/registry";
import { CHAMPION } from "./words";

export function AliasChip({ alias }: { alias: string }) {
    return (
        <span class={alias === CHAMPION ? "alias alias-champion" : "alias"}>
            <Icon name={alias === CHAMPION ? "check" : "tag"} size={12} />
            {alias}
        </span>
    );
}

export function AliasChips({ aliases }: { aliases: string[] }) {
    return (
        <>
            {aliases.map((alias) => (
                <AliasChip key={alias} alias={alias} />
            ))}
        </>
    );
}

export function TagLinks({ tags }: { tags: string[] }) {
    if (tags.length === 0) return null;
    return (
        <span class="tags">
            {tags.map((tag) => (
                <a key={tag} class="tag" href={`/models/?tag=${encodeURIComponent(tag)}`} aria-label={`Versions tagged ${tag}`}>
                    {tag}
                </a>
            ))}
        </span>
    );
}

export function downloadPath(model: Pick<ModelRow, "model_id">, format?: string): string {
    return `/api/v1/models/${model.model_id}/download${format ? `?format=${format}` : ""}`;
}

/** What other programs read; implicit's own form is of its factor models alone. */
export function downloadItems(model: Pick<ModelRow, "model_id" | "model_type">): MenuItem[] {
    const items: MenuItem[] = [{ label: "Model file (.pkl)", icon: "download", href: downloadPath(model) }];
    if (model.model_type !== "popular") items.push({ label: "For implicit (.npz)", icon: "download", href: downloadPath(model, "npz") });
    items.push({ label: "safetensors", icon: "download", href: downloadPath(model, "safetensors") });
    return items;
}

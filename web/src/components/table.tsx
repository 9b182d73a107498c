// A table that becomes a list of cards where it has no room. Roles are said again, since a table
// that is displayed as blocks loses them.
import type { ComponentChildren } from "preact";
import { Icon } from "./icons";

export interface Column<R> {
    key: string;
    title: ComponentChildren;
    label: string; // the title in words, for cards
    class?: string; // "numeric" aligns to the right
    sort?: string; // its name in ?sort=
    help?: string;
    cell: (row: R) => ComponentChildren;
}

/** Header cell that sorts: the largest or last first, a second press the other way round. */
function SortHeader<R>({ column, sort, onSort }: { column: Column<R>; sort: string; onSort: (sort: string) => void }) {
    const name = column.sort ?? "";
    const is_down = sort === "-" + name;
    const is_up = sort === name;
    return (
        <th role="columnheader" scope="col" class={`head-${column.key} ${column.class ?? ""}`} aria-sort={is_down ? "descending" : is_up ? "ascending" : "none"}>
            <button type="button" class="sort" title={column.help} onClick={() => onSort(is_down ? name : "-" + name)}>
                {column.title}
                {(is_down || is_up) && <Icon name={is_down ? "sort_down" : "sort_up"} size={12} />}
            </button>
        </th>
    );
}

export function Table<R>({ label, columns, rows, rowKey, rowClass, sort, onSort, rowProps, bodyProps }: {
    label: string;
    columns: Column<R>[];
    rows: R[];
    rowKey: (row: R) => string | number;
    rowClass?: (row: R) => string;
    sort?: string;
    onSort?: (sort: string) => void;
    rowProps?: (row: R) => Record<string, unknown>;
    bodyProps?: Record<string, unknown>;
}) {
    return (
        <div class="table-room">
            <table class="table" role="table" aria-label={label}>
                <thead role="rowgroup">
                    <tr role="row">
                        {columns.map((column) =>
                            column.sort && onSort ? (
                                <SortHeader key={column.key} column={column} sort={sort ?? ""} onSort={onSort} />
                            ) : (
                                <th key={column.key} role="columnheader" scope="col" class={`head-${column.key} ${column.class ?? ""}`} title={column.help}>
                                    {column.title}
                                </th>
                            ),
                        )}
                    </tr>
                </thead>
                <tbody role="rowgroup" {...bodyProps}>
                    {rows.map((row) => (
                        <tr key={rowKey(row)} role="row" class={rowClass?.(row)} {...rowProps?.(row)}>
                            {columns.map((column) => (
                                <td key={column.key} role="cell" class={`cell-${column.key} ${column.class ?? ""}`} data-label={column.label}>
                                    {column.cell(row)}
                                </td>
                            ))}
                        </tr>
                    ))}
                </tbody>
            </table>
        </div>
    );
}

export * from "./basics";
export * from "./dialog";
export * from "./feedback";
export * from "./icons";
export * from "./menu";
export * from "./status";
export * from "./table";

// Renders the OpenAPI document of this deployment. `Redoc` comes from redoc.standalone.js.
Redoc.init(
  "./openapi.json",
  {
    expandResponses: "200,202",
    jsonSamplesExpandLevel: 3,
    nativeScrollbars: true,
    requiredPropsFirst: true,
    theme: {
      colors: { primary: { main: "#4c7a58" }, text: { primary: "#23291f" } },
      rightPanel: { backgroundColor: "#23291f" },
      sidebar: { backgroundColor: "#f5f3ec", textColor: "#23291f" },
      typography: {
        fontFamily: "system-ui, sans-serif",
        headings: { fontFamily: "system-ui, sans-serif" },
        code: { fontFamily: "ui-monospace, Menlo, Consolas, monospace" },
      },
    },
  },
  document.getElementById("reference"),
);

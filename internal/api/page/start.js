// The document's address is relative, so that it is found behind a stage prefix.
window.ui = SwaggerUIBundle({
  url: new URL("openapi.json", window.location.href).href,
  dom_id: "#swagger-ui",
  deepLinking: true,
  tryItOutEnabled: true,
  defaultModelsExpandDepth: 0,
  validatorUrl: null,
  // The steps in the order in which they are taken.
  operationsSorter: (a, b) => a.getIn(["operation", "x-order"]) - b.getIn(["operation", "x-order"]),
});

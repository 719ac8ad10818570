// Swagger UI on the document that the page names. Nothing is loaded from elsewhere.
"use strict";
{
  const place = document.getElementById("explorer");
  window.SwaggerUIBundle({
    domNode: place,
    url: place.dataset.document,
    deepLinking: true,
    docExpansion: "none",
    defaultModelsExpandDepth: -1,
    validatorUrl: null,
    syntaxHighlight: false,
  });
}
